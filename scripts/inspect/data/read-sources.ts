import { GuestUnreachable } from "../../clients/guest-shell";
import { failureOf } from "../../clients/failure";
import { groupBy } from "../../machine/group-by";
import { runBounded } from "../../machine/bounded";
import type { CommandContext } from "../../project/context";
import { stateOf } from "../../recovery/engine/session";
import { openPointInTime } from "../../recovery/point-in-time/open-program";
import { openDataProgram } from "../../recovery/steps/data/open-program";
import { readPointInTime, unseenPointInTime } from "./read-point-in-time";
import { type DeclaredSource, readSource, settingsOf, type SeenSource, unseenSource } from "./read-source";

/** Guests that are asked at the same time. */
const atOnce = 8;

interface ReadOptions {
  /** Milliseconds that the sources of one guest may take together. Default: as long as they take. */
  readonly patience?: number;
  /** Why a source need not be asked for, where that is known; then nothing is known of it. */
  readonly whyUnseen?: (source: DeclaredSource) => string | undefined;
}

/** Sources that are reached in one way: one that gives no answer gives none for the others either. */
function wayTo({ environment, guest, source }: DeclaredSource): string {
  return `${environment.name}/${guest.name} ${source.by}`;
}

/** Looks at sources, several guests at a time, and gives them in their order. */
export async function readSources(
  declared: readonly DeclaredSource[],
  context: CommandContext,
  options: ReadOptions = {},
): Promise<SeenSource[]> {
  const guests = [...groupBy(declared, wayTo).values()];
  const bounds = { parallel: atOnce, perKey: 1, keyOf: wayOf };
  const found = await runBounded(guests, bounds, (sources) => readGuest(sources, context, options));
  const seen = new Map(
    guests.flatMap((sources, index) => sources.map((one, at) => [one, found[index]?.[at]] as const)),
  );
  return declared.flatMap((one) => seen.get(one) ?? []);
}

function wayOf([first]: readonly DeclaredSource[]): string {
  return first === undefined ? "" : wayTo(first);
}

/** One program at a time asks a guest. */
async function readGuest(
  sources: readonly DeclaredSource[],
  context: CommandContext,
  { patience, whyUnseen }: ReadOptions,
): Promise<SeenSource[]> {
  const limit = patience === undefined ? [] : [AbortSignal.timeout(patience)];
  const signal = AbortSignal.any([context.signal, ...limit]);
  const seen: SeenSource[] = [];
  let silence: string | undefined;
  for (const one of sources) {
    silence ??= whyUnseen?.(one);
    if (silence !== undefined) {
      seen.push(unseenSource(one, silence));
      continue;
    }
    try {
      const session = { environment: one.environment, state: stateOf(one.environment, context) };
      const program = await openDataProgram(session, one.guest, one.source);
      // Before the rest: what the guest does not answer at all is told of all of it.
      await program.clock(signal);
      seen.push(await readSource(one, program, await archiveOf(one, session, signal), signal));
    } catch (error) {
      context.signal.throwIfAborted();
      const why = signal.aborted ? "its guest gives no answer in time" : reasonOf(error);
      if (signal.aborted || error instanceof GuestUnreachable) silence = why;
      seen.push(unseenSource(one, why));
    }
  }
  return seen;
}

/** An archive that gives no answer leaves the dumps to be told. @throws GuestUnreachable where the guest gives none */
async function archiveOf(
  one: DeclaredSource,
  session: Parameters<typeof openDataProgram>[0],
  signal: AbortSignal,
): Promise<SeenSource["pointInTime"]> {
  const settings = settingsOf(one);
  if (settings === undefined) return null;
  const { guest, source, environment } = one;
  try {
    const program = await openPointInTime({ ...session, guest, selector: `${environment.name}/${guest.name}` }, source);
    return await readPointInTime(settings, program, signal);
  } catch (error) {
    if (signal.aborted || error instanceof GuestUnreachable) throw error;
    return unseenPointInTime(reasonOf(error));
  }
}

/** @throws what is a defect of ours */
function reasonOf(error: unknown): string {
  const { reason, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  return reason;
}
