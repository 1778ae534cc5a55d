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
  const ended = ({ result, dump, reasons }: Tried): Drilled => {
    const { name = null, time = null } = dump ?? {};
    const asked = result === "proven" ? (drillOf(source)?.database ?? null) : null;
    return { ...head, result, dump: name, time, asked, reasons, seconds: (performance.now() - started) / 1_000 };
  };
  try {
    const program = await openDataProgram({ environment, state: stateOf(environment, context) }, guest, source);
    const drilled = ended(await drillNewest(program, source, identity, { signal, progress }));
    if (drilled.result !== "not tried") await keep(program, subject, drilled, context);
    return drilled;
  } catch (error) {
    return ended({ result: "not tried", dump: undefined, reasons: [whyNot(error, signal)] });
  }
}

/** What came of one dump. */
interface Tried extends Pick<Drilled, "reasons" | "result"> {
  /** Undefined: there is none, or nobody could look. */
  readonly dump: Named | undefined;
}

type Telling = Parameters<typeof restoreDump>[4];

async function drillNewest(
  program: DataProgram,
  source: DataSource,
  identity: string | undefined,
  telling: Telling,
): Promise<Tried> {
  const { manifest, broken } = await newestDump(program, source.name, telling.signal);
  if (broken !== undefined) return { result: "failed", dump: broken, reasons: ["it has lost a part"] };
  if (manifest === undefined) return { result: "failed", dump: undefined, reasons: ["there is none"] };
  const tried = await tryDump(program, { source, manifest, identity }, telling);
  if (tried.result === "proven") return tried;
  // A run that ends between two of its items removes a dump that the retention does not keep: the run's own is the newest then.
  const names = [
    ...(await program.list(source.name, telling.signal)),
    ...(await program.broken(source.name, telling.signal)),
  ];
  return names.some(({ name }) => name === manifest.name)
    ? tried
    : await drillNewest(program, source, identity, telling);
}

async function tryDump(
  program: DataProgram,
  { source, manifest, identity }: { source: DataSource; manifest: DumpManifest; identity: string | undefined },
  telling: Telling,
): Promise<Tried> {
  try {
    const reasons = whyUnproven(await restoreDump(program, source, manifest, identity, telling), drillOf(source));
    return { result: reasons.length === 0 ? "proven" : "failed", dump: manifest, reasons };
  } catch (error) {
    const isDumps = error instanceof CommandError && error.exitCode === exitCodes.failed;
    return { result: isDumps ? "failed" : "not tried", dump: manifest, reasons: [whyNot(error, telling.signal)] };
  }
}

/** @throws what is no answer of the guest: a stop, or a defect of this program */
function whyNot(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  const { reason, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  return reason;
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
