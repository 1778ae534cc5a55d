import type { Readable } from "node:stream";
import { shellQuote } from "../machine/shell-quote";
import { CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import type { GuestEnd, GuestWay } from "./data-program/guest-way";
import { carry } from "./data-program/transfer";
import type { CopiedFile } from "./offsite-archives";

/** Puts files into the folder of archives of a node: each whole and under its own name, or not at all. */
export class ArchiveInbox {
  /**
   * @param way to the node
   * @param asRoot what comes before a command that root has to run: nothing, or `sudo -n `
   */
  constructor(
    private readonly way: GuestWay,
    private readonly asRoot: string,
    private readonly folder: string,
  ) {}

  /** Bytes that are free there. @throws CommandError (1) where there is no such folder, GuestUnreachable */
  async room(signal: AbortSignal): Promise<number> {
    const end = await this.way.run(this.command("df -PB1 . | awk 'NR == 2 { print $4 }'"), signal, { timeout: 60_000 });
    this.require(end);
    return Number(end.stdout.trim());
  }

  /** SHA-256 of a file that is there. However large it is, it is read as a whole. @throws CommandError (1), GuestUnreachable */
  async sumOf(file: string, signal: AbortSignal): Promise<string> {
    const end = await this.way.run(this.command(`sha256sum <${shellQuote(file)} | cut -d ' ' -f 1`), signal);
    this.require(end);
    return end.stdout.trim();
  }

  /** Takes the bytes of a file. What is there already under its name with other bytes stays. @throws CommandError (1), GuestUnreachable */
  async take(
    { file, sha256, bytes }: CopiedFile,
    from: Readable,
    signal: AbortSignal,
    onBytes?: (count: number) => void,
  ): Promise<void> {
    const { open } = this.way;
    if (open === undefined) throw new Error(`${this.way.name} carries no bytes`);
    const taker = await open(this.command(receiving(file, sha256)), signal);
    try {
      await carry({ from, to: taker.program.input, sha256, size: bytes, onBytes }, signal);
    } catch (error) {
      await taker.program.giveUp();
      signal.throwIfAborted();
      throw error;
    }
    this.require({ ...(await taker.end()), stdout: "" });
  }

  private command(script: string): string {
    const missing = `there is no folder ${this.folder}: is its storage mounted?`;
    const whole = `cd ${shellQuote(this.folder)} || { echo ${shellQuote(missing)} >&2; exit 1; }\n${script}`;
    return this.asRoot === "" ? whole : `${this.asRoot}sh -c ${shellQuote(whole)}`;
  }

  private require({ code, stderr }: GuestEnd): void {
    if (code === 0) return;
    const last = stderr.trim().split("\n").at(-1) ?? "";
    throw new CommandError(`${this.way.name}: ${last === "" ? `it ended with ${String(code)}` : last}`, {
      exitCode: exitCodes.failed,
    });
  }
}

/** The sum is made of what lies on the disk: a connection that breaks ends the bytes as their end does. */
function receiving(file: string, sha256: string): string {
  return [
    "umask 077",
    `file=${shellQuote(file)} new=.lifeboat-fetched-${shellQuote(file)}`,
    `trap 'rm -f "$new"' EXIT`,
    "trap 'exit 1' HUP INT TERM PIPE",
    'cat >"$new" || exit 1',
    `if [ "$(sha256sum <"$new" | cut -d ' ' -f 1)" != ${sha256} ]; then echo "$file did not arrive as a whole" >&2; exit 1; fi`,
    'sync "$new"',
    // It replaces nothing.
    'mv -nT -- "$new" "$file"',
    'if [ -e "$new" ] && ! cmp -s "$new" "$file"; then echo "another $file is there already" >&2; exit 1; fi',
  ].join("\n");
}
