import { isLeftLocked } from "./lacking";
import { givePassphrase } from "./passphrase";
import type { EnvironmentLook, RecoverPlan } from "./plan";

/** Something of a site that this recovery does not bring back as it was. */
export interface Lost {
  /** `by hand`, `locked`: it is not lost, and waits for what somebody has to do, or for the passphrase. */
  readonly kind: "environment" | "guest" | "by hand" | "locked" | "store";
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
        .filter(({ way }) => way === "none" || way === "anew" || way === "by hand" || way === "another")
        .map(({ name, way, why, mend }) =>
          lost(way === "by hand" ? way : "guest", `${environment}/${name}`, why, mend),
        ),
    ),
    ...environments.filter(isLeftLocked).map(lockedStack),
    ...(store?.way === "none" ? [lost("store", "the state store", store.why, store.mend)] : []),
  ];
}

/** With what is lost or renamed the same command goes on, as it looks again; where all is there, an update is what is left. */
function lockedStack({ name, locked, renamed, job, storage }: EnvironmentLook): Lost {
  const isState = renamed === true ? ", and its state keeps the old names" : "";
  const why = `${locked ?? ""}: backup jobs and whatever else its program makes are not made again${isState}`;
  const isSeen = renamed === true || !job || storage.state === "define";
  const next = isSeen ? "lifeboat recover, as now" : `lifeboat up ${name}`;
  return lost("locked", `the stack of ${name}`, why, `${givePassphrase(name)}, then: ${next}`);
}

function lost(kind: Lost["kind"], subject: string, why = "nothing brings it back", mend?: string): Lost {
  return { kind, subject, why, ...(mend === undefined ? {} : { mend }) };
}
