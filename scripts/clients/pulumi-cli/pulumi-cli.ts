import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { plainLines } from "../../../proxmox/api/plain-text";
import type { OwnAddresses } from "../../../site/state/own-addresses";
import { pulumiLine } from "../../../site/plain-pulumi";
import { CommandError } from "../../terminal/command-error";
import { formatInstant } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { makePrivateFolder } from "../../machine/durable-file";
import { ProgramMissing, type ProgramResult } from "../run-program";
import { type LongRun, runLong } from "./long-run";
import {
  missingPluginHint,
  readErrors,
  readLocks,
  readProtected,
  readProgress,
  readSummary,
  type ReportedLock,
} from "./pulumi-output";
import { type Changes, type CountedPreview, readPreview } from "./preview";
import { lookAtOwn } from "./own-state";
import { noteStarted } from "./started-runs";
import { answering } from "./state-question";
import { missingCli, plain, previewArguments, runPulumi } from "./run-pulumi";

/** A stack as `pulumi` is to work on it. */
export interface PulumiPlace {
  /** Folder of `Pulumi.yaml`. */
  readonly folder: string;
  /** Its name in Pulumi.yaml. */
  readonly project: string;
  readonly stack: string;
  /** By the settings of its environment. */
  readonly addresses: OwnAddresses;
  /** Environment of the process: the backend, the passphrase and all other secrets are named in it, never in arguments. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /**
   * What tells the state that is there now from every one that is written later, also from the same one. Undefined, or a promise of it:
   * nobody can tell.
   */
  readonly stateMark?: ((signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /** Folder for what long runs print. A folder `scratch` beside it exists only while it is used. */
  readonly logs: string;
}

/** What somebody who waits is shown, and how to stop. */
export interface Watch {
  readonly signal: AbortSignal;
  /** What it is at. */
  readonly onProgress?: (text: string) => void;
  /** The id of its process. */
  readonly onStart?: (pid: number) => void;
}

/** Why `pulumi` failed. `refused`: the program itself says why it does not do it. */
export type PulumiFailureKind = "refused" | "locked" | "missing" | "failed";

const codes: Readonly<Record<PulumiFailureKind, ExitCode>> = {
  refused: exitCodes.refused,
  locked: exitCodes.locked,
  missing: exitCodes.failed,
  failed: exitCodes.failed,
};

/** `pulumi` failed. The message is in its own words, or the program's. */
export class PulumiFailure extends CommandError {
  constructor(
    message: string,
    readonly kind: PulumiFailureKind,
    hint: string | undefined,
    /** Who holds the lock. */
    readonly locks: readonly ReportedLock[] = [],
  ) {
    super(message, { exitCode: codes[kind], hint, details: locks.length === 0 ? {} : { locks } });
  }
}

/** Of the newest runs: each has a log, and a note which process it was. */
const keptFiles = 40;

/** Milliseconds that a look may take: the provider may read every resource from the node. */
const longestLook = 15 * 60_000;

const exportSchema = z.looseObject({ version: z.number(), deployment: z.looseObject({}) });

/** What `pulumi stack export` prints. Secrets in it are encrypted. */
export type ExportedState = z.infer<typeof exportSchema>;

/** What becomes of something that Lifeboat has made and that left the settings is not for an update to decide. */
function waysOfProtected(stack: string, urns: readonly string[]): string {
  return [
    "put it back into the settings, or keep it in Proxmox as docs/guides/retire.md says; the next update deletes it after:",
    ...urns.map((urn) => pulumiLine(stack, `state unprotect '${urn}'`)),
  ].join("\n");
}

/** Runs the `pulumi` program on one stack. Every method throws {@link PulumiFailure}, and the signal's reason. */
export class PulumiCli {
  constructor(private readonly place: PulumiPlace) {}

  /** Makes the stack in its backend. Its settings need a salt already, so that `pulumi` leaves the file as it is. */
  async init(watch: Watch): Promise<void> {
    await this.long("stack-init", ["stack", "init", this.place.stack, "--no-select"], watch);
  }

  /** What `up` would do, by the state alone. */
  async preview(signal: AbortSignal): Promise<CountedPreview> {
    const result = await this.short(previewArguments(this.place.stack, false), signal);
    const preview = readPreview(result);
    if (preview.failure === undefined) return preview;
    const errors = preview.errors.length === 0 ? readErrors(`\n${result.stderr}`) : preview.errors;
    throw this.failure("pulumi preview", errors, result.timedOut ? "it took too long" : endOf(result), undefined);
  }

  /** Writes into the state how some resources are in the real world. One that is gone is then made again by `up`. */
  async refresh(urns: readonly string[], watch: Watch): Promise<void> {
    const { logs: _logs, ...place } = this.place;
    const own = await explained(() => lookAtOwn({ ...place, timeout: longestLook, signal: watch.signal }));
    if ("why" in own) throw new PulumiFailure(`pulumi refresh of ${place.stack}: ${own.why}`, "refused", undefined);
    const targets = urns.flatMap((urn) => ["--target", urn]);
    const quiet = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"];
    await this.long("refresh", ["refresh", "--stack", this.place.stack, ...quiet, ...targets], watch);
  }

  /** Takes resources out of the state; in the real world nothing changes. `up` makes them again. */
  async forget(urns: readonly string[], watch: Watch): Promise<void> {
    for (const urn of urns) {
      await this.long("state-delete", ["state", "delete", urn, "--stack", this.place.stack, "--yes"], watch);
    }
  }

  /** As the backend is now. */
  async stateMark(signal: AbortSignal): Promise<string | undefined> {
    return this.place.stateMark?.(signal);
  }

  /**
   * Brings the world to what the program says. An update that begins with another state than the one that is meant ends before it
   * makes or deletes anything.
   *
   * @param replace resources that are made anew although nothing about them has changed.
   * @param mark of the state that it is to begin with. Undefined: any. Pulumi writes a state without resources by itself before it
   *   runs the program, since the stack itself is then made.
   */
  async up(watch: Watch, replace: readonly string[] = [], mark?: string): Promise<Changes> {
    const argv = [
      "up",
      "--stack",
      this.place.stack,
      "--yes",
      "--skip-preview",
      "--suppress-outputs",
      "--suppress-progress",
      ...replace.flatMap((urn) => ["--replace", urn]),
    ];
    if (mark === undefined) return readSummary((await this.long("up", argv, watch)).printed);
    const another = async (): Promise<string | undefined> =>
      (await this.stateMark(watch.signal)) === mark
        ? undefined
        : "somebody has written its state since this update began";
    const { printed } = await inScratch(this.scratch, (folder) =>
      answering(folder, another, (variables) => this.long("up", argv, watch, variables)),
    );
    return readSummary(printed);
  }

  /** Names of the project's stacks in the backend. */
  async list(signal: AbortSignal): Promise<string[]> {
    const result = await this.short(["stack", "ls", "--json"], signal);
    if (result.code !== 0)
      throw this.failure("pulumi stack ls", readErrors(`\n${result.stderr}`), endOf(result), undefined);
    return z
      .array(z.object({ name: z.string() }))
      .parse(JSON.parse(result.stdout))
      .map(({ name }) => name);
  }

  async exportState(signal: AbortSignal): Promise<ExportedState> {
    const result = await this.short(["stack", "export", "--stack", this.place.stack], signal);
    if (result.code !== 0)
      throw this.failure("pulumi stack export", readErrors(`\n${result.stderr}`), endOf(result), undefined);
    return exportSchema.parse(JSON.parse(result.stdout));
  }

  /** Replaces the state. Nothing on the site changes. */
  async importState(state: ExportedState, watch: Watch): Promise<void> {
    await inScratch(this.scratch, async (folder) => {
      const file = join(folder, "state.json");
      writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
      await this.long("stack-import", ["stack", "import", "--stack", this.place.stack, "--file", file], watch);
    });
  }

  /** Copies the stack from another backend into this one, which must not have it. The other keeps its own. */
  async migrate(from: string, watch: Watch): Promise<void> {
    await this.long("stack-migrate", ["stack", "migrate", from, this.place.stack, "--yes"], watch);
  }

  /** Removes a stack without resources from its backend, and leaves its settings alone. */
  async removeEmpty(watch: Watch): Promise<void> {
    await this.long("stack-rm", ["stack", "rm", this.place.stack, "--yes", "--preserve-config"], watch);
  }

  /** The same stack, with the settings in another folder. */
  withSettingsIn(folder: string): PulumiCli {
    return new PulumiCli({ ...this.place, folder });
  }

  private get scratch(): string {
    return join(dirname(this.place.logs), "scratch");
  }

  private async long(
    name: string,
    argv: readonly string[],
    watch: Watch,
    more: Readonly<Record<string, string>> = {},
  ): Promise<LongRun> {
    const { folder } = this.place;
    const variables = { ...this.place.variables, ...more };
    const log = this.newLog(name);
    const { onProgress, signal } = watch;
    const since = Date.now();
    const onStart = (pid: number): void => {
      noteStarted(log, pid, since);
      watch.onStart?.(pid);
    };
    const onLine = (line: string): void => {
      const text = readProgress(line);
      if (text !== undefined) onProgress?.(text);
    };
    const run = await explained(() =>
      runLong([...argv, ...plain], { folder, variables, log, signal, onLine, onStart }),
    );
    signal.throwIfAborted();
    if (run.code === 0) return run;
    const stage = `pulumi ${name.replace("-", " ")}`;
    const end = run.code === undefined ? "a signal ended it" : `exit code ${String(run.code)}`;
    throw this.failure(stage, readErrors(`\n${run.printed}`), end, log);
  }

  private short(argv: readonly string[], signal: AbortSignal): Promise<ProgramResult> {
    const { folder, variables } = this.place;
    return explained(() => runPulumi(argv, { folder, variables, timeout: longestLook, signal }));
  }

  private failure(stage: string, errors: readonly string[], end: string, log: string | undefined): PulumiFailure {
    const messages = errors
      .filter((text) => !/^update failed$|^preview failed$/u.test(text))
      .map((text) => plainLines(text));
    const text = messages.length === 0 ? end : messages.join("\n");
    const locks = readLocks(text);
    const kept = readProtected(text);
    const isRefused = kept.length > 0 || messages.some((message) => message.startsWith("Unable to "));
    const kind = locks.length > 0 ? "locked" : isRefused ? "refused" : "failed";
    const where = log === undefined ? undefined : `all that pulumi printed: ${log}`;
    if (kind === "locked") return new PulumiFailure(locks.map(lockText).join("; "), kind, where, locks);
    const hint = kept.length === 0 ? (missingPluginHint(text) ?? where) : waysOfProtected(this.place.stack, kept);
    return new PulumiFailure(`${stage} of ${this.place.stack}: ${text}`, kind, hint);
  }

  private newLog(name: string): string {
    const { logs } = this.place;
    makePrivateFolder(logs);
    const old = readdirSync(logs).sort().slice(0, -keptFiles);
    for (const file of old) rmSync(join(logs, file), { force: true });
    return join(logs, `${new Date().toISOString().replace(/[-:.]/gu, "")}-${name}.log`);
  }
}

export function lockText({ owner, hostname: host, pid, since }: ReportedLock): string {
  return `${owner} on ${host} (process ${String(pid)}) holds Pulumi's lock of it since ${formatInstant(since)}`;
}

async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    throw new PulumiFailure(
      missingCli,
      "missing",
      "npm run toolchain in Lifeboat's own folder gets it, and README.md says how it comes onto PATH",
    );
  }
}

/** Runs with a folder that only its owner can enter, empty at first, and gone afterwards. */
export async function inScratch<Result>(folder: string, work: (folder: string) => Promise<Result>): Promise<Result> {
  rmSync(folder, { recursive: true, force: true });
  makePrivateFolder(folder);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function endOf({ code }: ProgramResult): string {
  return code === undefined ? "a signal ended it" : `exit code ${String(code)}`;
}
