import { namesOfStore } from "../../../site/state-store/location";
import { isLimitedTo } from "../../../site/state-store/name-constraints";
import { StoreError } from "../../clients/object-store/object-store";
import { backendOf } from "../../project/backend";
import type { LoadedEnvironment } from "../../project/environment";
import { openStateBackend } from "../../project/state-backend";
import { CommandError } from "../../terminal/command-error";
import { type Check, ok, warning } from "./check";

const subject = "history";

/** Whether the store keeps what was there of an environment's state, also from somebody who has its key. */
export async function inspectBucket(
  environment: LoadedEnvironment,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Check[]> {
  try {
    if (environment.stateStore() === undefined || backendOf(environment, variables).origin !== "state store") return [];
    const reach = { connectTimeout: 2_000, attempts: 1 };
    const { store } = await openStateBackend(environment, variables, reach);
    if ((await store.hasObjectLock?.()) === true) return [ok(subject, `${store.place} has object lock`)];
    const text = `${store.place} was made without object lock: on MinIO the environment's key can force away every version in it`;
    return [warning(subject, text, "docs/guides/state.md, An older bucket, has the way to one with it")];
  } catch (error) {
    if (!(error instanceof StoreError) && !(error instanceof CommandError)) throw error;
    return [warning(subject, `whether the bucket of its state has object lock is not known: ${error.message}`)];
  }
}

/** Whether the authority of the store that Lifeboat makes is believed for the store only. Older ones vouch for any name. */
export function inspectAuthority(environment: Pick<LoadedEnvironment, "name" | "settings" | "stateStore">): Check[] {
  const { name, settings } = environment;
  const store = environment.stateStore();
  if (store?.environment.name !== name || store.store.kind !== "container" || store.authority === undefined) return [];
  const names = namesOfStore(settings);
  if (isLimitedTo(store.authority, names)) return [ok("authority", `vouches for ${names.join(" and ")} only`)];
  const text =
    "whoever trusts the authority of the state store trusts it for any name: it is not limited to the store's";
  return [warning("authority", text, `lifeboat up ${name} makes a certificate that is, with the same key`)];
}
