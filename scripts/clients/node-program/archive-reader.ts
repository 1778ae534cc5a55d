import * as z from "zod";
import { plainText } from "../../../proxmox/api/plain-text";
import { GuestShell, type GuestShellOptions, HostKeyRefused } from "../guest-shell";
import { ProgramMissing, type ProgramResult } from "../run-program";
import { shellQuote } from "../../machine/shell-quote";
import { nodeProgram } from "./node-program";

/** What became of reading an archive. */
export type ReadResult =
  | { readonly kind: "whole" }
  | { readonly kind: "damaged"; readonly why: string }
  /** Nobody could read it: that says nothing about the archive. */
  | { readonly kind: "unread"; readonly why: string };

/** What reading an archive told besides. */
export interface ArchiveReading {
  readonly result: ReadResult;
  /** Of the file as it is stored. */
  readonly sha256: string | undefined;
  /** Bytes of the file. */
  readonly size: number | undefined;
  /** It was written to while it was read. */
  readonly isChanging: boolean;
  /** What is inside. */
  readonly format: "tar" | "vma" | undefined;
  /** The guest's configuration in it. */
  readonly configuration: string | undefined;
  /** Text of the log beside it, or its end. `missing`: there is none; undefined: it could not be read. */
  readonly log: { readonly text: string } | "missing" | undefined;
}

/** An archive of terabytes on a slow disk takes long; a connection that is dead is noticed by `ssh` itself. */
const longest = 24 * 60 * 60 * 1_000;

/** How an archive is read. */
export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Whatever else the node does goes first, its disks included. */
  readonly idle?: boolean;
  /** Told how many bytes were read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** The connection is made. */
  readonly onBegin?: (() => void) | undefined;
}

/**
 * The command that reads an archive on a node. The program comes over its standard input; a key that is limited to the same
 * program as a forced command takes this line for what is asked of it, and nothing else.
 */
export function readCommand(path: string, idle = false): string {
  return `perl - ${idle ? "--idle " : ""}${shellQuote(path)}`;
}

/** Reads an archive on a node, over the system's `ssh`. */
export async function readArchiveOver(
  access: GuestShellOptions,
  host: string,
  path: string,
  { signal, idle, onProgress, onBegin }: ReadOptions,
): Promise<ArchiveReading> {
  const onLine = (line: string): void => {
    if (line === greeting) onBegin?.();
    const bytes = /^at (\d+)$/u.exec(line)?.[1];
    if (bytes !== undefined) onProgress?.(Number(bytes));
  };
  try {
    const command = readCommand(path, idle);
    const options = { timeout: longest, input: nodeProgram, onLine };
    return readingFrom(await new GuestShell(access).run(host, command, signal, options), `ssh ${access.user}@${host}`);
  } catch (error) {
    if (error instanceof ProgramMissing || error instanceof HostKeyRefused) return unread(error.message);
    throw error;
  }
}

const greeting = "lifeboat-archive 1";

const told = z.object({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/u)
    .optional(),
  size: z.coerce.number().optional(),
  format: z.enum(["tar", "vma"]).optional(),
  configuration: z.string().optional(),
  log: z.string().optional(),
  changed: z.string().optional(),
  "no-log": z.string().optional(),
  whole: z.string().optional(),
  damaged: z.string().optional(),
  unread: z.string().optional(),
});

/** What the program has printed, read as what somebody on the node could have written. */
export function readingFrom({ stdout, stderr, timedOut }: ProgramResult, where: string): ArchiveReading {
  const lines = stdout.split("\n");
  const own = lines.slice(lines.indexOf(greeting) + 1).map((line): [string, string] => {
    const [word = "", ...rest] = line.split(" ");
    return [word, rest.join(" ")];
  });
  const parsed = told.safeParse(lines.includes(greeting) ? Object.fromEntries(own) : {});
  const found = parsed.success ? parsed.data : {};
  const why = timedOut ? "it took longer than a day" : lastLine(stderr);
  return {
    ...unread(`${where}: ${why}`),
    ...resultOf(found),
    sha256: found.sha256,
    size: found.size,
    isChanging: found.changed !== undefined,
    format: found.format,
    configuration: found.configuration === undefined ? undefined : textOf(found.configuration),
    log:
      found.log === undefined ? (found["no-log"] === undefined ? undefined : "missing") : { text: textOf(found.log) },
  };
}

/** A bit that has turned over may be told by the sum alone: without one nothing is whole. */
function resultOf({ whole, damaged, unread: why, sha256 }: z.infer<typeof told>): { result: ReadResult } | undefined {
  if (damaged !== undefined) return { result: { kind: "damaged", why: plainText(damaged) } };
  if (why !== undefined) return { result: { kind: "unread", why: plainText(why) } };
  if (whole === undefined) return undefined;
  return { result: sha256 === undefined ? { kind: "unread", why: "its node told no sum of it" } : { kind: "whole" } };
}

function textOf(hexadecimal: string): string {
  return Buffer.from(hexadecimal, "hex").toString("utf8").replace(/\0$/u, "");
}

function unread(why: string): ArchiveReading {
  return {
    result: { kind: "unread", why },
    sha256: undefined,
    size: undefined,
    isChanging: false,
    format: undefined,
    configuration: undefined,
    log: undefined,
  };
}

function lastLine(stderr: string): string {
  const last = stderr.split("\n").findLast((line) => line.trim() !== "");
  return plainText(last ?? "it ended without a word");
}
