import type { Demand, GivenAnswers } from "./consent";
import { forceFlag } from "./settle-demands";

/** The demands of one member of a batch. */
export interface MemberDemands {
  /** `web`. */
  readonly name: string;
  readonly demands: readonly Demand[];
  /** Its own answers: one that wants a name may have got it. */
  readonly given: GivenAnswers;
}

/**
 * One question for all members about each kind of loss, and one about the whole plan, which comes last.
 *
 * @param question about the whole plan; undefined: nobody is asked about it.
 */
export function mergeDemands(members: readonly MemberDemands[], question: string | undefined): Demand[] {
  const flags = [...new Set(members.flatMap(({ demands }) => demands.map(({ flag }) => flag)))];
  const losses = flags.filter((flag) => flag !== forceFlag).flatMap((flag) => mergeFlag(flag, members));
  if (question === undefined) return losses;
  return [...losses, { flag: forceFlag, reason: "the plan is not confirmed", question }];
}

function mergeFlag(flag: string, members: readonly MemberDemands[]): Demand[] {
  const asking = members.flatMap(({ name, demands, given }) => {
    const demand = demands.find((one) => one.flag === flag);
    const isAnswered = demand?.typed !== undefined && given[flag] === demand.typed;
    return demand === undefined || isAnswered ? [] : [{ name, demand }];
  });
  if (asking.length === 0) return [];
  const reason = asking.map(({ name, demand }) => about(name, demand.reason)).join("; ");
  const question = asking.map(({ name, demand }) => about(name, demand.question)).join(" ");
  const typed = asking.flatMap(({ demand }) => demand.typed ?? []).join(",");
  return [{ flag, reason, question, ...(typed === "" ? {} : { typed }) }];
}

function about(name: string, text: string): string {
  return text.startsWith(`${name} `) ? text : `${name}: ${text}`;
}
