import * as z from "zod";
import { plainText } from "../../../proxmox/api/plain-text";
import { parseJson } from "../../../site/data/json";
import type { PointSearch, PointWish } from "../../../site/data/point-in-time/choose";
import type { PointInTimeFacts } from "../../../site/data/point-in-time/facts";
import { pointInTimePlaces } from "../../../site/data/point-in-time/places";
import { parsePosition } from "../../../site/data/point-in-time/wal";
import { messageOf } from "../../machine/error-code";
import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { type Counts, countsSchema } from "./data-program";
import type { GuestEnd } from "./guest-way";
import { parseFacts } from "./point-in-time-facts";

/** Runs a command of POSIX shell in a guest as root. @throws Error where it is not known how it ended */
export type RunInGuest = (
  command: string,
  signal: AbortSignal,
  options: { readonly timeout: number },
) => Promise<GuestEnd>;

/** Where a point lies in the WAL. */
export type FoundPoint =
  | {
      readonly kind: "found";
      /** Of the record at which the recovery ends: a time's is the first end of a transaction after it. */
      readonly position: bigint;
      /** Of that record, as text in UTC; undefined for a named point. */
      readonly time: string | undefined;
      /** The transaction was rolled back. */
      readonly aborted: boolean;
    }
  /** Nothing ends after the time; `last`: when the last transaction in the archive ended, `lastXid`: which one that is. */
  | { readonly kind: "none"; readonly last: string | undefined; readonly lastXid: string | undefined };

/** What a recovery takes. */
export interface FetchWords {
  readonly id: string;
  readonly backup: string;
  readonly wish: PointWish;
  readonly timeline: number;
  readonly bytes: number;
  readonly archive: string;
  readonly ranges: readonly string[];
}

/** Where the replay beside the running database has come to. */
interface Reached {
  readonly position: string;
  /** Of the last transaction that is there, in UTC. */
  readonly lastTransaction: string | undefined;
  /** PostgreSQL's own words on where it stopped. */
  readonly said: string | undefined;
}

/** A whole cluster, replayed. */
export interface Replayed extends Reached {
  /** Answer to the question that was asked. */
  readonly answer: string | undefined;
}

/** One database of it, loaded beside the others. */
export interface Extracted extends Reached {
  /** What is in it. */
  readonly counts: Counts;
}

const codes: Readonly<Record<number, ExitCode>> = {
  2: exitCodes.usage,
  3: exitCodes.partly,
  10: exitCodes.nothing,
  11: exitCodes.locked,
  12: exitCodes.passphrase,
  13: exitCodes.refused,
  14: exitCodes.unavailable,
};

const archiverSchema = z.object({
  running: z.boolean(),
  /** `installed`, `backup full`, `restart-needed`, `failed …`. */
  state: z.string(),
  failures: z.number(),
  waitingSeconds: z.number(),
  archiveTimeout: z.number(),
});

/** How a cluster archives its WAL. */
export type ArchiverStatus = z.infer<typeof archiverSchema>;

const minutes = 60_000;
/** A large database takes hours. */
const long = 48 * 60 * minutes;

/** The program in one guest that archives a cluster and recovers it. */
export class PointInTimeProgram {
  /**
   * @param place the guest, for messages: `prod/web`
   * @param source name of the source
   */
  constructor(
    private readonly run: RunInGuest,
    private readonly place: string,
    private readonly source: string,
  ) {}

  /** @throws CommandError with what the guest says */
  async facts(signal: AbortSignal): Promise<PointInTimeFacts> {
    const text = await this.ask("facts", [], signal, 5 * minutes);
    try {
      return parseFacts(text);
    } catch (error) {
      throw new CommandError(
        `what ${this.place} tells of the archive of ${this.source} is not understood: ${messageOf(error)}`,
        {
          exitCode: exitCodes.failed,
        },
      );
    }
  }

  /** Whether WAL is archived, by the cluster itself: its store is not asked. @throws CommandError */
  async status(signal: AbortSignal): Promise<ArchiverStatus> {
    const text = await this.ask("status", [], signal, minutes);
    const parsed = archiverSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new CommandError(`how ${this.place} archives the WAL of ${this.source} is told in a form that is not known`, {
      exitCode: exitCodes.failed,
      hint: "bring the program in the guest up to date: lifeboat up",
    });
  }

  /** Sees to it that the archive reaches until now. @throws CommandError */
  async flush(signal: AbortSignal): Promise<void> {
    await this.ask("flush", [], signal, 5 * minutes);
  }

  /** Looks for a point in WAL. @throws CommandError, also where a segment is damaged or missing */
  async scan(archive: string, wish: PointWish, { ranges }: PointSearch, signal: AbortSignal): Promise<FoundPoint> {
    const text = await this.ask("scan", [archive, ...scanWords(wish), ...ranges], signal, long);
    return readFound(text, wish);
  }

  /** Looks for a transaction or a name in what the running cluster has not archived yet. @throws CommandError */
  async isHere(wish: PointWish, signal: AbortSignal): Promise<boolean> {
    const text = await this.ask("scan-here", scanWords(wish), signal, 5 * minutes);
    return readFound(text, wish).kind === "found";
  }

  /** Brings backup and WAL beside what is there. @throws CommandError */
  async fetch({ id, backup, wish, timeline, bytes, archive, ranges }: FetchWords, signal: AbortSignal): Promise<void> {
    const words = [id, backup, ...targetWords(wish), String(timeline), String(bytes), archive, ...ranges];
    await this.ask("fetch", words, signal, long);
  }

  /** Replays up to the point, beside the running database. @throws CommandError */
  async replay(
    id: string,
    question: { readonly sql: string; readonly database: string } | undefined,
    signal: AbortSignal,
  ): Promise<Replayed> {
    const words = question === undefined ? [id] : [id, question.sql, question.database];
    const lines = (await this.ask("replay", words, signal, long)).split("\n");
    const answer = wordsAfter("answer", lines);
    return { ...readReached(lines), answer: answer === undefined ? undefined : String(JSON.parse(answer)) };
  }

  /**
   * Brings one database, as it was at the point, beside those that are there.
   *
   * @param copy what it is called on its way to the name `into`. @throws CommandError
   */
  async extract(
    id: string,
    { database, into, copy }: { readonly database: string; readonly into: string; readonly copy: string },
    signal: AbortSignal,
  ): Promise<Extracted> {
    const text = await this.ask("extract", [id, database, into, copy], signal, long);
    const lines = text.split("\n");
    return { ...readReached(lines), counts: countsSchema.parse(JSON.parse(wordsAfter("counts", lines) ?? "")) };
  }

  /** Puts the recovered cluster in the place of the present one, which is kept. @throws CommandError */
  async swap(id: string, signal: AbortSignal): Promise<void> {
    await this.ask("swap", [id], signal, long);
  }

  /** @returns the timeline on which it runs @throws CommandError */
  async prove(id: string, signal: AbortSignal): Promise<number> {
    const text = await this.ask("prove", [id], signal, 10 * minutes);
    return Number(/^timeline (\d+)$/mu.exec(text)?.[1] ?? Number.NaN);
  }

  /** @throws CommandError */
  async finish(id: string, signal: AbortSignal): Promise<void> {
    await this.ask("finish", [id], signal, minutes);
  }

  /** Takes back what was fetched, or brings back what was there before. @throws CommandError */
  async undo(id: string, signal: AbortSignal): Promise<void> {
    await this.ask("undo", [id], signal, long);
  }

  /** Makes a new full backup. @throws CommandError */
  async backUp(signal: AbortSignal): Promise<void> {
    await this.ask("backup", ["full"], signal, long);
  }

  private async ask(verb: string, words: readonly string[], signal: AbortSignal, timeout: number): Promise<string> {
    const command = [pointInTimePlaces.program, verb, this.source, ...words].map(shellQuote).join(" ");
    const { code, stdout, stderr } = await this.run(command, signal, { timeout });
    if (code === 0) return stdout;
    if (code === 126 || code === 127) {
      throw new CommandError(`point-in-time recovery is not installed in ${this.place}`, {
        exitCode: exitCodes.failed,
        hint: "install what the settings declare: lifeboat up",
      });
    }
    const said = (key: string) => plainText(new RegExp(`^${key}: (.*)$`, "mu").exec(stderr)?.[1] ?? "");
    const hint = said("HINT");
    throw new CommandError(said("ERROR") === "" ? `${verb} ended with ${String(code)}` : said("ERROR"), {
      exitCode: codes[code] ?? exitCodes.failed,
      ...(hint === "" ? {} : { hint }),
    });
  }
}

function wordsAfter(key: string, lines: readonly string[]): string | undefined {
  return lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
}

/** `reached POSITION TIME` and PostgreSQL's own words. */
function readReached(lines: readonly string[]): Reached {
  const [position = "", ...time] = (wordsAfter("reached", lines) ?? "").split(" ");
  const last = time.join(" ");
  return {
    position,
    lastTransaction: last === "-" || last === "" ? undefined : last,
    said: wordsAfter("said", lines),
  };
}

/** As `pg_waldump` prints times: in UTC, to the microsecond. */
function dumpTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23).replace("T", " ")}000`;
}

function scanWords(wish: PointWish): string[] {
  return wish.kind === "time" ? ["time", dumpTime(wish.milliseconds)] : targetWords(wish);
}

function targetWords(wish: PointWish): string[] {
  switch (wish.kind) {
    case "time":
      return ["time", `${dumpTime(wish.milliseconds)}+00`];
    case "xid":
      return ["xid", wish.xid];
    case "name":
      return ["name", wish.name];
  }
}

/** `found [SEGMENT] end TIME XID POSITION KIND`, `found point POSITION NAME`, or `last end TIME …`, with tabs. */
function readFound(text: string, wish: PointWish): FoundPoint {
  const line = text.split("\n").find((one) => one !== "") ?? "";
  const words = line.split("\t");
  const first = words.findIndex((word) => word === "end" || word === "point");
  const [kind, ...rest] = first === -1 ? [] : words.slice(first);
  if (words[0] !== "found")
    return { kind: "none", last: kind === "end" ? rest[0] : undefined, lastXid: kind === "end" ? rest[1] : undefined };
  const [position, time, how] = kind === "end" ? [rest[2], rest[0], rest[3]] : [rest[0]];
  const parsed = parsePosition(position ?? "");
  if (parsed === undefined) throw new Error(`'${line}' is no place in the WAL`);
  return { kind: "found", position: parsed, time, aborted: wish.kind === "xid" && how === "ABORT" };
}
