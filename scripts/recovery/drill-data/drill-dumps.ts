import type { DumpManifest } from "../../../site/data/manifest";
import { whyUnproven } from "../../../site/drill/dump-verdict";
import { type DataSource, drillOf } from "../../../site/settings/data";
import type { DataProgram } from "../../clients/data-program/data-program";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import type { FoundGuest } from "../../project/site";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import { stateOf } from "../engine/session";
import { openDataProgram } from "../steps/data/open-program";
import { addDumpProof } from "./history";
import { restoreDump } from "./restore-dump";
import type { drillDataShape } from "./shape";

/** What a drill has found of one source. */
type Drilled = ValueOf<typeof drillDataShape>["sources"][number];

interface Subject extends FoundGuest {
  readonly source: DataSource;
}

/** What `lifeboat drill data` was asked for. */
export interface DrillDataWish {
  readonly guests: readonly FoundGuest[];
  /** Name of a source; undefined: all of these guests. */
  readonly source: string | undefined;
  /** File with age identities. */
  readonly identity: string | undefined;
}

/**
 * Restores the newest dump of each source into something that nobody works with, asks it what the settings ask, and removes it again.
 * One that fails keeps no other from being tried.
 */
export async function drillDumps(wish: DrillDataWish, context: CommandContext): Promise<ExitCode> {
  const sources: Drilled[] = [];
  for (const subject of subjectsOf(wish)) {
    const { environment, guest, source } = subject;
    const drilled = await context.progress.step(
      `Drill ${source.name} of ${environment.name}/${guest.name}`,
      (progress) => drill(subject, wish.identity, context, progress),
      ({ result }) => ({ mark: result === "proven" ? "good" : "bad" }),
    );
    sources.push(drilled);
  }
  const exitCode = sources.every(({ result }) => result === "proven") ? exitCodes.done : exitCodes.partly;
  context.output.result({ exitCode, sources }, (lines) => {
    for (const { guest, source, result, dump, asked, reasons, seconds } of sources) {
      const what = dump ?? "no dump";
      const how = asked === null ? "counted" : `counted, and ${asked} asked`;
      const why = result === "proven" ? `proven: restored, ${how}` : `${result.toUpperCase()}: ${reasons.join("; ")}`;
      lines.hanging(
        result === "proven" ? "✓ " : "✗ ",
        `${guest} ${source} (${formatDuration(seconds)}): ${what} ${why}`,
      );
    }
  });
  return exitCode;
}

/** @throws CommandError (2, 10) */
function subjectsOf({ guests, source: name }: DrillDataWish): Subject[] {
  const all = guests.flatMap(({ environment, guest }) => guest.data.map((source) => ({ environment, guest, source })));
  if (all.length === 0) {
    throw new CommandError("there are no sources of data", {
      exitCode: exitCodes.nothing,
      hint: "declare databases and folders under 'data' of a guest: docs/guides/databases.md",
    });
  }
  const found = name === undefined ? all : all.filter(({ source }) => source.name === name);
  if (found.length > 0) return found;
  throw usageError(`there is no source ${name ?? ""}`, `there is ${all.map(({ source }) => source.name).join(", ")}`);
}

async function drill(
  subject: Subject,
  identity: string | undefined,
  context: CommandContext,
  progress: (text: string) => void,
): Promise<Drilled> {
  const { environment, guest, source } = subject;
  const { signal } = context;
  const started = performance.now();
  const head = { guest: `${environment.name}/${guest.name}`, source: source.name };
  const ended = (result: Drilled["result"], reasons: readonly string[], manifest?: Named): Drilled => {
    const { name: dump = null, time = null } = manifest ?? {};
    const asked = result === "proven" ? (drillOf(source)?.database ?? null) : null;
    return { ...head, result, dump, time, asked, reasons, seconds: (performance.now() - started) / 1_000 };
  };
  let newest: Named | undefined;
  try {
    const program = await openDataProgram({ environment, state: stateOf(environment, context) }, guest, source);
    const { manifest, broken } = await newestDump(program, source.name, signal);
    newest = broken ?? manifest;
    if (newest === undefined) return ended("failed", ["there is none"]);
    const reasons =
      manifest === undefined || broken !== undefined
        ? ["it has lost a part"]
        : await reasonsOf(program, { source, manifest, identity }, { signal, progress });
    const drilled = ended(reasons.length === 0 ? "proven" : "failed", reasons, newest);
    await keep(program, subject, drilled, context);
    return drilled;
  } catch (error) {
    signal.throwIfAborted();
    const { reason, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return ended("not tried", [reason], newest);
  }
}

type Named = Pick<DumpManifest, "name" | "time">;

/** Of what lies there. A damaged dump that is newer than every whole one is what a restore would meet. */
async function newestDump(
  program: DataProgram,
  source: string,
  signal: AbortSignal,
): Promise<{ readonly manifest: DumpManifest | undefined; readonly broken: Named | undefined }> {
  const [manifest] = (await program.list(source, signal)).toSorted((a, b) => b.time - a.time);
  const broken = (await program.broken(source, signal)).filter(({ time }) => time > (manifest?.time ?? 0));
  return { manifest, broken: broken.toSorted((a, b) => b.time - a.time)[0] };
}

/** Why it is not proven. @throws what kept it from being tried */
async function reasonsOf(
  program: DataProgram,
  { source, manifest, identity }: { source: DataSource; manifest: DumpManifest; identity: string | undefined },
  telling: Parameters<typeof restoreDump>[4],
): Promise<string[]> {
  try {
    return whyUnproven(await restoreDump(program, source, manifest, identity, telling), drillOf(source));
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === exitCodes.failed) return [error.message];
    throw error;
  }
}

/** In the guest, where every machine and the exporter read it; and in the history of this machine. */
async function keep(
  program: DataProgram,
  { environment, source }: Subject,
  { guest, result, dump, reasons, seconds }: Drilled,
  context: CommandContext,
): Promise<void> {
  if (dump === null) return;
  const proven = result === "proven";
  await program.does(["drilled", source.name, dump, String(proven), reasons.join("; ")], context.signal);
  const at = new Date().toISOString();
  addDumpProof(stateOf(environment, context).path, {
    guest,
    source: source.name,
    dump,
    proven,
    at,
    seconds,
    reasons,
  });
}
