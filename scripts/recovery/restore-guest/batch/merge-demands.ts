import type { Demand } from "../../engine/consent";
import { forceFlag } from "../../engine/settle-demands";

/** The demands of one guest of several. */
export interface GuestDemands {
  readonly guest: string;
  readonly demands: readonly Demand[];
  /** It has answers to these already, by name: `--without-save-point=web`. */
  readonly named: boolean;
}

/** One question for all guests about each kind of loss, and one about the whole plan, which comes last. */
export function mergeDemands(guests: readonly GuestDemands[]): Demand[] {
  const flags = [...new Set(guests.flatMap(({ demands }) => demands.map(({ flag }) => flag)))];
  const losses = flags.filter((flag) => flag !== forceFlag).flatMap((flag) => mergeFlag(flag, guests));
  const names = guests.map(({ guest }) => guest).join(", ");
  const force = { flag: forceFlag, reason: "the plan is not confirmed", question: `Restore these guests: ${names}?` };
  return [...losses, force];
}

function mergeFlag(flag: string, guests: readonly GuestDemands[]): Demand[] {
  const asking = guests.flatMap(({ guest, demands, named }) => {
    const demand = demands.find((one) => one.flag === flag);
    return demand === undefined || (demand.typed !== undefined && named) ? [] : [{ guest, demand }];
  });
  if (asking.length === 0) return [];
  const names = asking.map(({ guest }) => guest).join(", ");
  const reasons = asking.map(({ guest, demand }) => about(guest, demand.reason)).join("; ");
  const isTyped = asking.some(({ demand }) => demand.typed !== undefined);
  const question = asking.map(({ guest, demand }) => about(guest, demand.question)).join(" ");
  return [{ flag, reason: reasons, question, ...(isTyped ? { typed: names.replaceAll(", ", ",") } : {}) }];
}

function about(guest: string, text: string): string {
  return text.startsWith(`${guest} `) ? text : `${guest}: ${text}`;
}
