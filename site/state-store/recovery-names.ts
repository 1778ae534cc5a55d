import { bucketOf } from "./names";

/** A guest's archive of WAL in the site's own store: `prod/db`. Nothing else of a site is called with a slash. */
export function recoveryName(environment: string, guest: string): string {
  return `${environment}/${guest}`;
}

/** Its bucket: `lifeboat-recovery-prod-db-0d3bb8c5`. The digits keep guests apart whose names only look alike with a hyphen. */
export function recoveryBucket(name: string): string {
  return bucketOf({ buckets: "lifeboat-recovery" }, name);
}

/** Its identity at the store, and the access key of the guest. No environment can be called so. */
export function recoveryIdentity(name: string): string {
  return recoveryBucket(name).replace("-", "@");
}

const prefix = "recovery-";

/** Name of the components of its bucket and its identity. */
export function recoveryResource(name: string): string {
  return `${prefix}${name}`;
}

/** Whose bucket or identity a component is; undefined: nobody's. */
export function recoveryIn(component: string): string | undefined {
  return component.startsWith(prefix) && component.includes("/") ? component.slice(prefix.length) : undefined;
}
