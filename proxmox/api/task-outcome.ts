import { lockIn } from "../rules/guest-locks";
import { saysNotAllowed } from "../rules/not-allowed";

/** How a finished task ended. */
export interface TaskOutcome {
  upid: string;
  type: string;
  /** Proxmox's exit status: `OK`, `WARNINGS: 2`, or the error. One plain line. */
  exitStatus: string;
  /** `OK` or `WARNINGS: n`; everything else, also `unexpected status` (the worker died), is a failure. */
  succeeded: boolean;
  warnings: number;
  /** Plain lines of the whole log. */
  log: readonly string[];
}

/** It failed for want of a privilege, as its end says or, where that only says that there were errors, its log. */
export function wasNotAllowed({ succeeded, exitStatus, log }: TaskOutcome): boolean {
  if (succeeded) return false;
  return saysNotAllowed(exitStatus) || (exitStatus === "job errors" && log.some(saysNotAllowed));
}

/** A task that ended with an error. */
export class TaskFailed extends Error {
  override readonly name = "TaskFailed";

  constructor(readonly outcome: TaskOutcome) {
    super(`task ${outcome.type} failed: ${outcome.exitStatus}`);
  }

  /** What the guest is locked for (`backup`), where the task failed because of that. */
  get lock(): string | undefined {
    return lockIn(this.outcome.exitStatus);
  }
}

/** The outcome of a task that must succeed. @throws TaskFailed */
export function requireSuccess(outcome: TaskOutcome): TaskOutcome {
  if (!outcome.succeeded) throw new TaskFailed(outcome);
  return outcome;
}
