import type { Archive } from "../../../proxmox/api/answers";
import type { RestoreSite } from "../restore/restore-site";
import type { LoggedRequest } from "../support/request-log";
import type { RunOptions, RunResult } from "../support/run-bundle";

/** Something that goes wrong, what Lifeboat says and does, and what is there afterwards: a row of docs/reference/faults.md. */
export interface FaultRow {
  /** Words for people. */
  readonly fault: string;
  /** The command line, with `web` for the guest. */
  readonly command: string;
  readonly exitCode: number;
  /** What is said, as {@link masked}; empty where the command succeeds. */
  readonly message: string;
  /** What is there afterwards. */
  readonly afterwards: readonly { readonly words: string }[];
}

/** A row with the test that holds it. */
export interface FaultCase<In = Scene> extends FaultRow {
  readonly afterwards: readonly [Afterwards<In>, ...Afterwards<In>[]];
  /** Makes it go wrong and runs the command. */
  readonly run: (scene: In) => Promise<RunResult>;
}

/** What must be true afterwards, in words and as a check. */
export interface Afterwards<In = Scene> {
  readonly words: string;
  readonly check: (scene: In) => Promise<void>;
}

/** A guest of its own for each case, with one archive. */
export interface Scene {
  readonly site: RestoreSite;
  readonly vmid: number;
  readonly name: string;
  /** Volume id of its archive. */
  readonly archive: string;
  /** What was there before: configuration, state, archives. */
  readonly before: unknown;
  readonly archivesBefore: readonly Archive[];
  /** Runs the command line; `web` stands for the guest. */
  readonly lifeboat: (command: string, options?: RunOptions) => Promise<RunResult>;
  /** Runs it, and does something as soon as a request of its matches. */
  readonly during: (
    command: string,
    moment: (request: LoggedRequest) => boolean,
    deed: () => Promise<unknown>,
    options?: RunOptions,
  ) => Promise<RunResult>;
}

/** A message with what differs from run to run taken out. */
export function masked(text: string, { vmid, name }: Pick<Scene, "vmid" | "name">): string {
  return text
    .replaceAll(name, "web")
    .replace(/UPID:[^\s:)]+(?::[^\s:)]*){6,7}:?/gu, "UPID:…")
    .replace(/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d/gu, "DATE")
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+Z)?/gu, "TIME")
    .replace(new RegExp(`(?<![\\d.])${String(vmid)}(?!\\d)`, "gu"), "101")
    .replace(/127\.0\.0\.1:\d+/gu, "192.0.2.11:8006")
    .replace(/port \d+/gu, "port 8006")
    .replace(/\(process \d+|process \d+/gu, (found) => found.replace(/\d+/u, "4711"))
    .replace(/\/\S*\/(\d+-[^/\s]+|[^/\s]+)\.json/gu, "STATE/….json")
    .replace(/(?<=\s)\/\S*?\/(?=prod@|no-folder)\S*/gu, "STATE")
    .replace(/\d+(?:\.\d+)? (?:s|min)\b/gu, "N s")
    .replace(/\d+(?:\.\d+)? (?:B|KiB|MiB|GiB)\b/gu, "N GiB")
    .replace(/[ \t]*\n[ \t]*/gu, "\n")
    .trim();
}

/** The error of a run: what stands from "Unable to" on. */
export function errorOf({ stderr }: RunResult): string {
  const at = stderr.lastIndexOf("Unable to");
  return at < 0 ? "" : stderr.slice(at);
}
