import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { Check, Guest } from "../../../site/settings/environment";
import { formatCheck } from "../../../site/settings/values/checks";
import { messageOf } from "../../machine/error-code";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import { stateOf } from "../../recovery/engine/session";
import { addressOnNode, isAskedOfNode, repeat } from "../../recovery/steps/guest/check-steps";
import { commandIn, guestAccess } from "../../recovery/steps/guest/log-in";
import { guestProbe } from "../../recovery/steps/guest/probe-guest";
import { hostOf } from "../../recovery/steps/guest/save-point-plan";
import type { CheckTarget, Probe } from "../../recovery/steps/guest/world";
import type { CheckedSubject } from "./subject";

export type LiveCheck = NonNullable<CheckedSubject["checks"]>[number];

/** Where a guest is, as its node says. */
export type Place = Pick<CheckTarget, "node" | "type">;

/** Seconds that an attempt may go on after the time for all of them is over. */
const lastAttempt = 10;

/**
 * Makes the checks of a guest's settings on the guest as it is now, all at the same time: those by which a restore proves it. Each
 * has its time, so that one that hangs keeps nobody waiting.
 *
 * @param patience seconds that a check is repeated
 */
export async function checkGuest(
  environment: LoadedEnvironment,
  guest: Guest,
  place: Place,
  patience: number,
  context: CommandContext,
): Promise<LiveCheck[]> {
  const client = await environment.client();
  const target = { name: guest.name, ...place, vmid: guest.id };
  const known = hostOf(guest);
  const probe = probeOf(environment, client, context);
  const address = once(() => addressOnNode(client, target));
  return Promise.all(
    guest.checks.map((check) =>
      prove(check, patience, context.signal, async (signal) => {
        const host = known ?? (isAskedOfNode(check) ? undefined : await address());
        await probe(check, { ...target, host }, signal);
      }),
    ),
  );
}

/** The guest was there before this run: a key that nobody has recorded is refused. */
function probeOf(environment: LoadedEnvironment, client: ProxmoxClient, context: CommandContext): Probe {
  const session = { environment, state: stateOf(environment, context) };
  return guestProbe(client, {
    access: (target) => guestAccess(session, target, false),
    command: (target, command, signal) => commandIn(session, target, command, signal, { isNew: false }),
  });
}

async function prove(
  check: Check,
  patience: number,
  outer: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<void>,
): Promise<LiveCheck> {
  const started = performance.now();
  const limit = AbortSignal.timeout((patience + lastAttempt) * 1_000);
  const signal = AbortSignal.any([outer, limit]);
  const ended = (reason: string | undefined): LiveCheck => ({
    check: formatCheck(check),
    passed: reason === undefined,
    reason: reason ?? null,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  try {
    const work = repeat({ signal, progress: () => undefined }, patience, () => attempt(signal));
    return ended(await Promise.race([work, overBy(signal)]));
  } catch (error) {
    outer.throwIfAborted();
    return ended(limit.aborted ? `no answer within ${String(patience + lastAttempt)} s` : messageOf(error));
  }
}

/** Rejects when the time is over, whether or not the attempt heeds it. */
function overBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(messageOf(signal.reason))), { once: true });
  });
}

/** Asked by the first who needs it; an answer that failed is asked for again. */
function once<Result>(ask: () => Promise<Result>): () => Promise<Result> {
  let answer: Promise<Result> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

/** None of them was made, and why. */
export function notMade({ checks }: Guest, reason: string): LiveCheck[] {
  return checks.map((check) => ({ check: formatCheck(check), passed: false, reason, seconds: 0 }));
}
