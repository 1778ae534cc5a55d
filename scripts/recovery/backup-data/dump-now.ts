import { plainText } from "../../../proxmox/api/plain-text";
import type { DataSource } from "../../../site/settings/data";
import { failureOf } from "../../clients/failure";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { GuestSession } from "../engine/session";
import { openDataProgram } from "../steps/data/open-program";
import type { backupDataShape } from "./shape";

interface Dumped {
  readonly told: ValueOf<typeof backupDataShape>["sources"][number];
  readonly exitCode: ExitCode;
}

/** Runs the dumps of a guest's sources, one after the other; one that fails keeps no other from being made. */
export async function dumpNow(
  session: GuestSession,
  wish: { readonly source: string | undefined; readonly accept: boolean },
): Promise<ExitCode> {
  const { context, selector } = session;
  const dumped: Dumped[] = [];
  for (const source of chosen(session, wish.source)) {
    const one = await context.progress.step(
      `Dump ${source.name}`,
      (update) => dump(session, source, wish.accept, update),
      ({ exitCode }) => ({ mark: exitCode === exitCodes.done ? "good" : "bad" }),
    );
    dumped.push(one);
  }
  const failed = dumped.filter(({ exitCode }) => exitCode !== exitCodes.done);
  const [first] = failed;
  const exitCode =
    first === undefined ? exitCodes.done : failed.length < dumped.length ? exitCodes.partly : first.exitCode;
  const sources = dumped.map(({ told }) => told);
  context.output.result({ exitCode, guest: selector, sources }, (lines) => {
    for (const { source, result, message, seconds } of sources) {
      lines.line(`${result === "success" ? "✓" : "✗"} ${source} (${formatDuration(seconds)}): ${message}`);
    }
  });
  if (first !== undefined) context.talk.hint(`see what there is: lifeboat data ${selector}`);
  return exitCode;
}

function chosen({ guest, selector }: GuestSession, name: string | undefined): readonly DataSource[] {
  if (guest.data.length === 0) {
    throw new CommandError(`${selector} has no sources of data`, {
      exitCode: exitCodes.nothing,
      hint: `declare them under 'data' of ${guest.name} in the settings: docs/guides/databases.md`,
    });
  }
  if (name === undefined) return guest.data;
  const found = guest.data.filter((source) => source.name === name);
  if (found.length > 0) return found;
  throw usageError(`${selector} has no source ${name}`, `it has ${guest.data.map((source) => source.name).join(", ")}`);
}

async function dump(
  session: GuestSession,
  source: DataSource,
  accept: boolean,
  update: (text: string) => void,
): Promise<Dumped> {
  const { signal } = session.context;
  const started = performance.now();
  const ended = (result: Dumped["told"]["result"], message: string, exitCode: ExitCode): Dumped => {
    const seconds = (performance.now() - started) / 1_000;
    return { told: { source: source.name, result, message, seconds }, exitCode };
  };
  try {
    const program = await openDataProgram(session, session.guest, source);
    const { code, stdout } = await program.run(source.name, accept, signal, (line) => update(plainText(line)));
    program.requireInstalled(code);
    if (code === 0) return ended("success", (await program.status(source.name, signal)).message, exitCodes.done);
    const last = plainText(lastLine(stdout));
    const isLocked = last.includes("another run of it is at work");
    return ended("error", last, isLocked ? exitCodes.locked : exitCodes.failed);
  } catch (error) {
    signal.throwIfAborted();
    const { reason, exitCode, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return ended("not begun", reason, exitCode);
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
