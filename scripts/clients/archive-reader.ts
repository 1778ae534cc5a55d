import { plainText } from "../../proxmox/api/plain-text";
import { GuestShell, type GuestShellOptions, HostKeyRefused } from "./guest-shell";
import { vmaCheck } from "./vma-check";
import { ProgramMissing } from "./run-program";
import { shellQuote } from "../machine/shell-quote";

/** What became of reading an archive. */
export type ReadResult =
  | { readonly kind: "whole" }
  | { readonly kind: "damaged"; readonly why: string }
  /** Nobody could read it: that says nothing about the archive. */
  | { readonly kind: "unread"; readonly why: string };

/** Reads the compressed stream to standard output. By the end of the archive's name. */
const readers: readonly (readonly [RegExp, string])[] = [
  [/\.zst$/u, "zstd -dcq"],
  [/\.gz$/u, "gzip -dcq"],
  [/\.lzo$/u, "lzop -dcq"],
  [/\.tar$/u, "cat"],
];

/** An archive of terabytes on a slow disk takes long; a connection that is dead is noticed by `ssh` itself. */
const longest = 24 * 60 * 60 * 1_000;

/**
 * The command that reads an archive on a node: its checksums, and the structure of a container's tar stream or of a virtual
 * machine's VMA. It ends with 0 when the archive is whole.
 *
 * A key may be limited to it by a forced command: the archive is the last word, and nothing else differs but the reader.
 */
export function readCommand(path: string): string {
  const [, reader] = readers.find(([name]) => name.test(path)) ?? ["", "cat"];
  const isMachine = /\.vma(?:\.[a-z]+)?$/u.test(path);
  const check = isMachine ? `perl -e ${shellQuote(vmaCheck)}` : "tar -tf - > /dev/null";
  return `bash -o pipefail -c ${shellQuote(`${reader} -- "$0" | ${check}`)} ${shellQuote(path)}`;
}

/** Reads an archive on a node, over the system's `ssh`. */
export async function readArchiveOver(
  access: GuestShellOptions,
  host: string,
  path: string,
  signal: AbortSignal,
): Promise<ReadResult> {
  try {
    const result = await new GuestShell(access).run(host, readCommand(path), signal, longest);
    if (result.code === 0) return { kind: "whole" };
    const why = lastLine(result.stderr);
    // 255 is ssh's own failure; 126 and 127 mean that a program is not there.
    const isUnread = result.timedOut || [undefined, 255, 126, 127].includes(result.code);
    return isUnread ? { kind: "unread", why: `ssh ${access.user}@${host}: ${why}` } : { kind: "damaged", why };
  } catch (error) {
    if (error instanceof ProgramMissing || error instanceof HostKeyRefused)
      return { kind: "unread", why: error.message };
    throw error;
  }
}

/** `tar` complains last about what the decompressor said first. */
function lastLine(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const complaint = lines.find((line) => !line.startsWith("tar:")) ?? lines.at(0);
  return plainText(complaint ?? "it ended without a word");
}
