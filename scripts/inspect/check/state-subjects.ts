import { counted } from "../../terminal/text";
import { pulumiLine } from "../../../site/plain-pulumi";
import { formatAgo } from "../../terminal/durations";
import { type CopyStatus, stateProblems, type StateStatus } from "../status/state-status";
import type { Look, StateLook } from "./look";
import { type CheckedSubject, judged, problemIn, unseen } from "./subject";

const places = { store: "in the store", fallback: "in a fallback", local: "on this machine", elsewhere: "elsewhere" };

/** The state of an environment's stack, and each place that holds copies of it. */
export function stateSubjects({ environment, state }: Look): CheckedSubject[] {
  const { name } = environment;
  const named = { environment: name, kind: "state", subject: "state" } as const;
  if ("failure" in state) return [unseen(named, state.failure.reason, `lifeboat env ${name}`)];
  const { status } = state.value;
  if (status === undefined) {
    const text = "it lies where only Pulumi reads it: nothing is known of it here";
    const next = pulumiLine(name, "stack export");
    return [{ ...named, verdict: "warning", found: "not looked at", problems: [{ text, next }] }];
  }
  const schedule = environment.stateStore()?.store.copies.offsite?.schedule;
  const others = (copy: CopyStatus): boolean => status.copies.some((one) => one !== copy && one.time !== undefined);
  return [
    ofState(name, status, state.value.proof),
    ...status.copies.map((copy) => ofCopy(name, copy, { schedule, others: others(copy) })),
  ];
}

function ofState(name: string, status: StateStatus, proof: StateLook["proof"]): CheckedSubject {
  const named = { environment: name, kind: "state", subject: "state" } as const;
  const { lives, place, modified, trouble, damage } = status;
  const own = stateProblems(name, { ...status, copies: [] }, undefined, Date.now() / 1_000);
  const problems = own.map((text) => problemIn(text, `lifeboat restore state ${name} --list`));
  if (trouble !== undefined) return { ...named, verdict: "unknown", found: "could not be looked at", problems };
  if (damage !== undefined) return judged(named, `${places[lives]}: cannot be used`, problems);
  if (modified === undefined) {
    const none = { text: `there is no state in ${place}`, next: `lifeboat up ${name} --dry-run` };
    return judged(named, "there is none", [...problems, none]);
  }
  if (proof === undefined) return unseen(named, "whether it opens is not known", `lifeboat verify --state ${name}`);
  const shut = proof.problems.map((text) => ({ text, next: `lifeboat restore state ${name} --list` }));
  const opens = shut.length === 0 ? "opens" : "does not prove itself";
  const found = `${places[lives]}, ${opens}, ${counted(proof.resources, "resource")}, ${agoOf(modified)}`;
  return judged(named, found, [...problems, ...shut]);
}

/** @param others another place holds a copy */
function ofCopy(
  name: string,
  copy: CopyStatus,
  { schedule, others }: { readonly schedule: string | undefined; readonly others: boolean },
): CheckedSubject {
  const { kind, place, time, isOlder, trouble } = copy;
  const subject = kind === "folder" ? "state copy here" : "state copy elsewhere";
  const named = { environment: name, kind: "state-copy", subject } as const;
  const next = `lifeboat backup state ${name}${kind === "offsite" ? " --to offsite" : ""}`;
  if (trouble !== undefined) return unseen(named, `${place}: ${trouble}`, next);
  if (time === undefined) {
    const none = judged(named, "none", [{ text: `there is no copy of its state in ${place}`, next }]);
    return others ? { ...none, verdict: "warning" } : none;
  }
  const only = { lives: "store", place, modified: undefined, trouble: undefined, damage: undefined } as const;
  const all = { ...only, objectLock: undefined, copies: [copy] };
  const problems = stateProblems(name, all, schedule, Date.now() / 1_000).map((text) => problemIn(text, next));
  const found = `made ${agoOf(time)}${isOlder === true ? "; the state has changed since" : ""}`;
  if (problems.length > 0 || isOlder !== true || kind === "offsite") return judged(named, found, problems);
  return { ...judged(named, found, [{ text: "the state has changed since it was made", next }]), verdict: "warning" };
}

function agoOf(milliseconds: number): string {
  return formatAgo(Math.max(0, (Date.now() - milliseconds) / 1_000));
}
