import { ProxmoxError, type ProxmoxErrorKind } from "../../proxmox/api/errors";
import { TaskFailed, type TaskOutcome, wasNotAllowed } from "../../proxmox/api/task-outcome";
import { GuestUnreachable, HostKeyRefused } from "./guest-shell";
import { ProgramMissing } from "./run-program";
import { ConditionFailed, NoSuchObject, StoreError, type StoreErrorKind } from "./object-store/object-store";
import { CommandError, Interrupted } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { FileRefused } from "../machine/durable-file";
import { UnsafePath } from "../machine/unsafe-path";

/** An error as the user is told about it. */
export interface Failure {
  exitCode: ExitCode;
  message: string;
  /** The message without "Unable to …" before it. */
  reason: string;
  hint: string | undefined;
  /** Further members of the JSON form. */
  details: Readonly<Record<string, unknown>>;
  /** Only for defects: the stack trace. */
  stack: string | undefined;
}

/**
 * Sorts an error into exit code, message and hint. What nobody planned is a defect of ours and keeps its stack.
 *
 * @param aim what was being done: "restore guest web".
 */
export function failureOf(error: unknown, aim: string | undefined): Failure {
  if (error instanceof Interrupted) return complete(exitCodes.interrupted, "interrupted", error.hint);
  if (error instanceof CommandError) return ofCommandError(error, aim);
  if (error instanceof ProxmoxError) return ofProxmoxError(error, aim);
  if (error instanceof TaskFailed) return ofTask(error, aim);
  if (error instanceof StoreError) return ofStoreError(error, aim);
  if (error instanceof NoSuchObject) {
    const hint = "somebody has removed it since it was listed; see what is there: lifeboat verify --state";
    return unable(aim, exitCodes.failed, error.message, hint);
  }
  if (error instanceof ConditionFailed) return unable(aim, exitCodes.refused, error.message, meanwhileHint);
  if (error instanceof GuestUnreachable) {
    const hint = error instanceof HostKeyRefused ? error.mend : guestHint;
    return unable(aim, exitCodes.unavailable, error.message, hint);
  }
  if (error instanceof ProgramMissing) {
    return unable(aim, exitCodes.failed, error.message, `install it on this machine: ${error.program}`);
  }
  if (error instanceof FileRefused) return unable(aim, exitCodes.failed, error.message, fileHint);
  if (error instanceof UnsafePath)
    return unable(aim, exitCodes.failed, error.message, `look at what is in it, then: ${error.mend}`);
  const text = error instanceof Error ? error.message : String(error);
  const hint = "this is a defect of lifeboat; please report it with the lines above";
  const stack = error instanceof Error ? error.stack : undefined;
  return { ...unable(aim, exitCodes.failed, text, hint), stack };
}

function ofCommandError(error: CommandError, aim: string | undefined): Failure {
  const { exitCode, message, hint, details } = error;
  return { ...(error.complete ? complete(exitCode, message, hint) : unable(aim, exitCode, message, hint)), details };
}

function ofProxmoxError(error: ProxmoxError, aim: string | undefined): Failure {
  const exitCode = unavailable.has(error.kind) ? exitCodes.unavailable : exitCodes.failed;
  const details = { kind: error.kind, endpoint: error.endpoint, request: error.request, status: error.status };
  return { ...unable(aim, exitCode, error.message, hintFor(error)), details };
}

function ofTask(error: TaskFailed, aim: string | undefined): Failure {
  const { outcome } = error;
  const last = outcome.log.filter((line) => !line.startsWith("TASK ")).slice(-3);
  const log = last.length === 0 ? "" : ` (last lines of its log: ${last.join(" | ")})`;
  const details = { task: outcome.upid, exitStatus: outcome.exitStatus };
  const { exitCode, hint } = taskFailure(outcome);
  return { ...unable(aim, exitCode, `${error.message}${log}`, hint), details };
}

/**
 * Exit code and next step after a failed task: a missing privilege is one wherever it shows.
 *
 * @param hint the next step after any other failure. Default: the task's log
 */
export function taskFailure(
  outcome: TaskOutcome,
  hint = `the whole log: Proxmox's web interface, tasks of the node, or GET tasks/${outcome.upid}/log`,
): { readonly exitCode: ExitCode; readonly hint: string } {
  if (outcome.log.some((line) => fullPattern.test(line)) || fullPattern.test(outcome.exitStatus)) {
    return { exitCode: exitCodes.failed, hint: roomHint };
  }
  if (wasNotAllowed(outcome)) return { exitCode: exitCodes.unavailable, hint: privilegesHint };
  return { exitCode: exitCodes.failed, hint };
}

const fullPattern = /no space left on device|not enough (?:free )?space|disk quota exceeded/iu;

/** What frees space on a storage. */
const roomHint =
  "a storage is full; what takes it, and what may go: docs/runbooks/backup-storage-full.md; save points that nobody needs: lifeboat undo GUEST --forget --older-than 30";

/** Where a refusal does not say itself what is missing. */
const privilegesHint = "see which privileges the token lacks: lifeboat doctor";

function ofStoreError(error: StoreError, aim: string | undefined): Failure {
  const { kind, place } = error;
  const exitCode = kind === "failed" ? exitCodes.failed : exitCodes.unavailable;
  return { ...unable(aim, exitCode, error.message, storeHints[kind]), details: { kind, store: place } };
}

/** What gives a token the privileges that it lacks. */
export const setupHint = "lifeboat doctor --print-setup prints the lines that give it";

const guestHint =
  "check that the guest runs and lets you in (lifeboat status), and ssh in lifeboat:ssh or lifeboat:proxmox of the settings";

const meanwhileHint = "nothing was written over; the same command looks again at what is there now";

const fileHint = "make room there or allow it, or name another folder with XDG_STATE_HOME; then the same command again";

const storeHints: Readonly<Record<StoreErrorKind, string>> = {
  unreachable:
    "check that the state store runs and that its port is open from here; to work on without it: lifeboat state fallback ENVIRONMENT",
  untrusted: "compare the store's certificate with lifeboat:stateStoreAuthority, or with 'ca' of its settings",
  denied:
    "check the clock here and on the store, and lifeboat:stateKey of the environment, or the key pair in AWS_ACCESS_KEY_ID or the AWS profile",
  "no-bucket": "the environment's bucket is made with the state store: lifeboat up",
  unreadable: "an earlier state takes its place: lifeboat restore state ENVIRONMENT --list",
  failed: "the journal of the store may say more; the same command can be run again",
};

const unavailable: ReadonlySet<ProxmoxErrorKind> = new Set([
  "unreachable",
  "untrusted",
  "unauthorized",
  "forbidden",
  "lost",
  "unexpected",
]);

/** What to look at next, by kind of error. */
export function hintFor(error: ProxmoxError): string {
  switch (error.kind) {
    case "unreachable":
      return `check that the node is up, that the address in lifeboat:proxmox is right, and that port ${portOf(error.endpoint)} is open from here`;
    case "untrusted":
      return "compare the certificate on the node (System, Certificates) with 'ca' or 'fingerprint' in lifeboat:proxmox";
    case "unauthorized":
      return "check the API token (LIFEBOAT_PROXMOX_TOKEN, LIFEBOAT_PROXMOX_TOKEN_FILE or the secret lifeboat:proxmoxToken): lifeboat doctor";
    case "forbidden":
      return privilegesHint;
    case "lost":
      return "the node may still be at work: look at its running tasks before you repeat this";
    case "unexpected":
      return "is this address really a Proxmox VE node? lifeboat doctor";
    case "gone":
      return `the node said so to ${error.request}; see what is there now: lifeboat status`;
    case "invalid":
    case "failed":
      return `the node said so to ${error.request}; its journal may say more (journalctl -u pvedaemon -u pveproxy)`;
  }
}

function portOf(endpoint: string): string {
  return new URL(endpoint).port || "443";
}

function complete(exitCode: ExitCode, message: string, hint: string | undefined): Failure {
  return { exitCode, message, reason: message, hint, details: {}, stack: undefined };
}

function unable(aim: string | undefined, exitCode: ExitCode, reason: string, hint: string | undefined): Failure {
  const message = aim === undefined ? `Unable to go on: ${reason}` : `Unable to ${aim}: ${reason}`;
  return { ...complete(exitCode, message, hint), reason };
}
