import type { RecoverPlan } from "./plan";

/** Something of a site that this recovery does not bring back as it was. */
export interface Lost {
  /** `by hand`: it is not lost, and waits for what somebody has to do. */
  readonly kind: "environment" | "guest" | "by hand" | "store";
  /** `prod`, `prod/web`, `the state store`. */
  readonly subject: string;
  readonly why: string;
  /** The next command, or step. */
  readonly mend?: string;
}

/** What a plan leaves lost, with what can be done about it. */
export function lostOf({ environments, store }: Pick<RecoverPlan, "environments" | "store">): Lost[] {
  return [
    ...environments.flatMap(({ name, trouble, mend }) =>
      trouble === undefined ? [] : [lost("environment", name, trouble, mend)],
    ),
    ...environments.flatMap(({ name: environment, guests }) =>
      guests
        .filter(({ way }) => way === "none" || way === "anew" || way === "by hand")
        .map(({ name, way, why, mend }) =>
          lost(way === "by hand" ? way : "guest", `${environment}/${name}`, why, mend),
        ),
    ),
    ...(store?.way === "none" ? [lost("store", "the state store", store.why, store.mend)] : []),
  ];
}

function lost(kind: Lost["kind"], subject: string, why = "nothing brings it back", mend?: string): Lost {
  return { kind, subject, why, ...(mend === undefined ? {} : { mend }) };
}
