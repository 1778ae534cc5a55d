import * as z from "zod";
import { plainText } from "../../../proxmox/api/plain-text";
import { parseJson } from "../../../site/data/json";
import { type DumpName, parseDumpName } from "../../../site/data/dump-name";
import { type DumpManifest, parseManifest } from "../../../site/data/manifest";
import { dataProgram } from "../../../site/data/places";
import { parseStatus, type SourceStatus } from "../../../site/data/status";
import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { GuestEnd, GuestStream, GuestWay } from "./guest-way";

/** What is there now under a name: a database, a folder, a volume. */
export interface PresentThing {
  readonly exists: boolean;
  /** Tells it from another of the same name: a database's number, a folder's device and inode. */
  readonly identity: string;
  /** Lifeboat has made it, and has not finished with it. */
  readonly isOurs: boolean;
  readonly bytes: number;
  /** Who is connected to it, besides ourselves. */
  readonly connections: number;
}

const presentSchema = z
  .object({
    exists: z.boolean(),
    identity: z.string(),
    ours: z.boolean(),
    bytes: z.number(),
    connections: z.number(),
  })
  .transform(({ ours, ...thing }): PresentThing => ({ ...thing, isOurs: ours }));

/** What reading a dump again has shown. */
export interface VerifiedDump {
  /** `unseen`: something else than the dump kept it from being read. */
  readonly result: "whole" | "damaged" | "unseen";
  readonly why: string | undefined;
}

const verifiedSchema = z.object({
  version: z.literal(1),
  result: z.enum(["good", "damaged", "unseen"]),
  why: z.string().optional(),
});

const drilledSchema = z.object({
  version: z.literal(1),
  counts: z.record(z.string(), z.number()),
  answer: z.array(z.string()),
});

/** What a drill has found in an item. */
export interface DrilledItem {
  readonly counts: Counts;
  /** Rows of what its question was answered, as they are; none where nothing was asked. */
  readonly answer: readonly string[];
}

export const countsSchema = z.record(z.string(), z.number());

/** What is in something: `{ tables: 12, rows: 3400 }`. */
export type Counts = Readonly<Record<string, number>>;

/** What was there before a restore replaced it. */
export interface SavePoint {
  readonly operation: string;
  readonly manifest: DumpManifest;
}

/** Exit codes of the guest's program that mean something of their own. */
const meanings: Readonly<Record<number, { readonly exitCode: ExitCode; readonly hint?: string }>> = {
  10: { exitCode: exitCodes.nothing },
  11: { exitCode: exitCodes.locked, hint: "a run holds the source: wait for its end, then again" },
  13: { exitCode: exitCodes.refused },
  75: { exitCode: exitCodes.unavailable },
};

/** The program in one guest that dumps and restores what is in it. */
export class DataProgram {
  /** @param asRoot what comes before a command that root has to run: nothing, or `sudo -n ` */
  constructor(
    readonly way: GuestWay,
    private readonly asRoot: string,
  ) {}

  /** The guest's clock, unix seconds. @throws GuestUnreachable */
  async clock(signal: AbortSignal): Promise<number> {
    const { stdout } = await this.way.run("date +%s", signal, { timeout: minute });
    const seconds = Number(stdout.trim());
    if (!Number.isSafeInteger(seconds) || stdout.trim() === "") throw this.strange("its clock", stdout);
    return seconds;
  }

  /** How a source's last run ended, and what lies there. @throws GuestUnreachable, CommandError */
  async status(source: string, signal: AbortSignal): Promise<SourceStatus> {
    const text = await this.ask(["status", source], signal);
    const status = parseStatus(text.trim());
    if (status === undefined) throw this.strange(`the status of ${source}`, text);
    return status;
  }

  /** The whole dumps of a source. @throws GuestUnreachable, CommandError */
  async list(source: string, signal: AbortSignal): Promise<DumpManifest[]> {
    const text = await this.ask(["list", source], signal);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const manifest = parseManifest(line);
        // Fewer dumps than there are would make an older one the newest.
        if (manifest === undefined) throw this.strange(`a dump of ${source}`, line);
        return manifest;
      });
  }

  /** Reads a dump to its end and compares its sums. @throws GuestUnreachable, CommandError (1) where it is damaged */
  async check(source: string, dump: string, signal: AbortSignal): Promise<void> {
    await this.ask(["check", source, dump], signal, { timeout: day });
  }

  /** Names of what was a dump of a source and has lost a part: `list` leaves them out. @throws GuestUnreachable, CommandError */
  async broken(source: string, signal: AbortSignal): Promise<DumpName[]> {
    const text = await this.ask(["broken", source], signal);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const name = parseDumpName(line);
        if (name === undefined) throw this.strange(`a dump of ${source}`, line);
        return name;
      });
  }

  /** Has a dump read to its end, with what is in it. @throws GuestUnreachable, CommandError where the program does not answer */
  async verify(source: string, dump: string, signal: AbortSignal): Promise<VerifiedDump> {
    const text = await this.ask(["verify", source, dump], signal, { timeout: day });
    const parsed = verifiedSchema.safeParse(parseJson(text.trim()));
    if (!parsed.success) throw this.strange(`the dump ${dump}`, text);
    const { result, why } = parsed.data;
    return { result: result === "good" ? "whole" : result, why: why === undefined ? undefined : plainText(why) };
  }

  /**
   * Makes a dump now.
   *
   * @param accept also one that is smaller than it should be
   * @param onLine told what its log says meanwhile
   */
  run(source: string, accept: boolean, signal: AbortSignal, onLine: (line: string) => void): Promise<GuestEnd> {
    const words = ["run", source, ...(accept ? ["--accept"] : [])];
    // What it says goes to its output, in which lines are seen as they come.
    return this.way.run(`${this.command(words)} 2>&1`, signal, { onLine });
  }

  /** What is there under a name. @throws GuestUnreachable, CommandError */
  async look(source: string, type: string, name: string, signal: AbortSignal): Promise<PresentThing> {
    const text = await this.ask(["look", source, type, name], signal);
    const parsed = presentSchema.safeParse(parseJson(text));
    if (!parsed.success) throw this.strange(name, text);
    return parsed.data;
  }

  /** What a drill has printed of an item. @throws CommandError for what is none */
  drilledIn(text: string, words: readonly string[]): DrilledItem {
    const parsed = drilledSchema.safeParse(parseJson(text.trim()));
    if (!parsed.success) throw this.strange(`the answer to ${words.slice(0, 2).join(" ")}`, text);
    const { counts, answer } = parsed.data;
    return { counts, answer };
  }

  /** How many bytes may still be written where a thing lies, or is to lie. @throws GuestUnreachable, CommandError */
  async room(source: string, type: string, name: string, signal: AbortSignal): Promise<number> {
    const text = await this.ask(["room", source, type, name], signal);
    if (!/^\d+\s*$/u.test(text)) throw this.strange(`the room for ${name}`, text);
    return Number(text);
  }

  /** Runs a verb that changes something and prints counts, such as what a copy holds. */
  async counted(words: readonly string[], signal: AbortSignal): Promise<Counts> {
    return this.countsIn(await this.ask(words, signal, { timeout: day }), words);
  }

  /** What a verb has printed as counts. @throws CommandError for what is none */
  countsIn(text: string, words: readonly string[]): Counts {
    const parsed = countsSchema.safeParse(parseJson(text));
    if (!parsed.success) throw this.strange(`the answer to ${words.slice(0, 2).join(" ")}`, text);
    return parsed.data;
  }

  /** Dumps that restores have made before they replaced something. @throws GuestUnreachable, CommandError */
  async savePoints(source: string, signal: AbortSignal): Promise<SavePoint[]> {
    const text = await this.ask(["save-points", source], signal);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [operation = "", ...rest] = line.split(" ");
        const manifest = parseManifest(rest.join(" "));
        if (manifest === undefined) throw this.strange(`a save point of ${source}`, line);
        return { operation, manifest };
      });
  }

  /** Runs a verb that changes something. @throws GuestUnreachable, CommandError */
  async does(words: readonly string[], signal: AbortSignal): Promise<string> {
    return this.ask(words, signal, { timeout: day });
  }

  /** Starts a verb whose bytes come or go. @throws CommandError (13) where the way carries none */
  open(words: readonly string[], signal: AbortSignal): Promise<GuestStream> {
    return this.requireStreams()(this.command(words), signal);
  }

  /** @throws CommandError (13) where no dump can be carried */
  requireStreams(): NonNullable<GuestWay["open"]> {
    const { open, name } = this.way;
    if (open === undefined) {
      throw new CommandError(`${name} carries no dumps: the guest agent keeps only so much of what a command prints`, {
        exitCode: exitCodes.refused,
        hint: "reach the guest over SSH: give it a fixed address, and 'by: ssh' in the settings of the source",
      });
    }
    return open;
  }

  /** @throws CommandError for an end that is no success, with what it said last */
  require(
    words: readonly string[],
    { code, stderr, stdout = "" }: Omit<GuestEnd, "stdout"> & { stdout?: string },
  ): void {
    if (code === 0) return;
    const [verb, source] = words;
    this.requireInstalled(code);
    if (code === 2 && stderr.startsWith("usage: lifeboat-data ")) {
      throw new CommandError(`${this.way.name}: lifeboat-data is older there than '${verb ?? ""}'`, {
        exitCode: exitCodes.failed,
        hint: "bring it up to date: lifeboat up, or pulumi up of the environment",
      });
    }
    const { exitCode, hint } = meanings[code] ?? { exitCode: exitCodes.failed };
    throw new CommandError(lastWords(stderr === "" ? stdout : stderr) ?? `${verb} ended with ${String(code)}`, {
      exitCode,
      hint: hint ?? `see what it says in the guest: ${dataProgram} ${verb ?? ""} ${source ?? ""}`,
    });
  }

  /** @throws CommandError (1) for the code of a shell that has not found it */
  requireInstalled(code: number): void {
    if (code !== 127 && code !== 126) return;
    throw new CommandError(`${this.way.name}: lifeboat-data is not installed there`, {
      exitCode: exitCodes.failed,
      hint: "install what the settings declare: lifeboat up",
    });
  }

  private async ask(
    words: readonly string[],
    signal: AbortSignal,
    { timeout = minute }: { readonly timeout?: number } = {},
  ): Promise<string> {
    const end = await this.way.run(this.command(words), signal, { timeout });
    this.require(words, end);
    return end.stdout;
  }

  private command(words: readonly string[]): string {
    return `${this.asRoot}${[dataProgram, ...words].map(shellQuote).join(" ")}`;
  }

  private strange(what: string, text: string): CommandError {
    return new CommandError(`${this.way.name}: ${what} is told in a form that is not known: ${shown(text)}`, {
      exitCode: exitCodes.unavailable,
      hint: "bring the program in the guest up to date: lifeboat up",
    });
  }
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** `ERROR shop: …` and the name of the program before it are for logs. */
function lastWords(text: string): string | undefined {
  const last = text
    .trim()
    .split("\n")
    .findLast((line) => line.trim() !== "");
  return last === undefined ? undefined : causeOf(plainText(last));
}

/** What the program says, as it reads after Lifeboat's own "Unable to …:". */
function causeOf(line: string): string {
  return line.replace(/^lifeboat-data: /u, "").replace(/^Unable to /u, "cannot ");
}

function shown(text: string): string {
  const plain = plainText(text);
  return plain.length > 80 ? `${plain.slice(0, 80)}…` : plain;
}
