import type { DumpName } from "../../../../site/data/dump-name";
import type { DumpManifest } from "../../../../site/data/manifest";
import { missingDumps } from "../../../../site/data/missing-dumps";
import type { DataProgram } from "../../../clients/data-program/data-program";
import { failureOf } from "../../../clients/failure";
import { groupBy } from "../../../machine/group-by";
import { runBounded } from "../../../machine/bounded";
import type { CommandContext } from "../../../project/context";
import { stateOf } from "../../../recovery/engine/session";
import { openDataProgram } from "../../../recovery/steps/data/open-program";
import type { ValueOf } from "../../../terminal/shapes";
import type { DeclaredSource } from "../../data/read-source";
import type { sourceDumpsShape } from "./shape";

export type SourceDumps = ValueOf<typeof sourceDumpsShape>;
type Dump = SourceDumps["dumps"][number];

/** Guests that are at work at the same time: each reads its own disk. */
const atOnce = { parallel: 4, perKey: 1, keyOf: ([first]: readonly DeclaredSource[]) => guestOf(first) };

function guestOf(source: DeclaredSource | undefined): string {
  return source === undefined ? "" : `${source.environment.name}/${source.guest.name}`;
}

/** Has every dump of some sources read again by its guest, one after the other in each. Read only. */
export async function inspectDumps(
  sources: readonly DeclaredSource[],
  context: CommandContext,
): Promise<SourceDumps[]> {
  if (sources.length === 0) return [];
  return context.progress.step("Read the dumps in guests", async (update) => {
    const guests = [...groupBy(sources, guestOf).values()];
    let done = 0;
    const found = await runBounded(guests, atOnce, async (own) => {
      const results: SourceDumps[] = [];
      for (const one of own) {
        results.push(await dumpsOf(one, context));
        done += 1;
        update(`${String(done)} of ${String(sources.length)} sources`);
      }
      return results;
    });
    return found.flat();
  });
}

/** A guest that cannot be asked keeps nobody else's dumps from being read. */
async function dumpsOf(declared: DeclaredSource, context: CommandContext): Promise<SourceDumps> {
  const { environment, guest, source } = declared;
  const head = { environment: environment.name, guest: guest.name, source: source.name };
  try {
    const session = { environment, state: stateOf(environment, context) };
    const program = await openDataProgram(session, guest, source);
    const now = await program.clock(context.signal);
    const manifests = await program.list(source.name, context.signal);
    const dumps = (await program.broken(source.name, context.signal)).map(broken);
    for (const manifest of manifests) {
      dumps.push(await readDump(manifest, source.name, program, context.signal));
    }
    const times = manifests.map(({ time }) => time);
    const missing = source.enabled ? missingDumps(times, { at: source.at, keep: source.keep, now }) : [];
    return { ...head, unseen: null, dumps: dumps.toSorted((a, b) => b.time - a.time), missing };
  } catch (error) {
    context.signal.throwIfAborted();
    const { reason, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return { ...head, unseen: reason, dumps: [], missing: [] };
  }
}

/** `list` has none of these, so that no restore takes one; here they are what somebody wants to hear of. */
function broken({ name, time }: DumpName): Dump {
  const problem = "a file of it is missing, or is not as long as it was written";
  return { dump: name, time, bytes: 0, encrypted: false, result: "damaged", problem };
}

async function readDump(
  { name, time, items, recipients }: DumpManifest,
  source: string,
  program: DataProgram,
  signal: AbortSignal,
): Promise<Dump> {
  const { result, why } = await program.verify(source, name, signal);
  return {
    dump: name,
    time,
    bytes: items.reduce((sum, item) => sum + item.bytes, 0),
    encrypted: recipients.length > 0,
    result,
    problem: why ?? null,
  };
}

/** Whether every dump could be read and is whole, and none is missing. One source without any is not proven either. */
export function areGood(sources: readonly SourceDumps[]): boolean {
  return sources.every(
    ({ unseen, dumps, missing }) =>
      unseen === null && missing.length === 0 && dumps.length > 0 && dumps.every(({ result }) => result === "whole"),
  );
}
