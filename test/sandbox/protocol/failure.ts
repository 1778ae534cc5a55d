/** A JSON value, as answers carry it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

/**
 * What Proxmox answers when it refuses or dies: a status, a message and, for wrong parameters, a text for each of them.
 * The reason phrase of the answer is the first line of the message.
 */
export class ProxmoxFailure extends Error {
  override readonly name = "ProxmoxFailure";
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message.endsWith("\n") ? message : `${message}\n`);
    this.status = status;
    this.errors = errors;
  }

  /** The first line: what the reason phrase and a task's exit status say. */
  get reason(): string {
    return this.message.split("\n")[0] ?? "";
  }
}

/** What Perl's `die` becomes: status 500. */
export function death(message: string): ProxmoxFailure {
  return new ProxmoxFailure(500, message);
}

/** Wrong parameters: status 400 and a text for each. */
export function parameterFailure(errors: Readonly<Record<string, string>>): ProxmoxFailure {
  return new ProxmoxFailure(400, "Parameter verification failed.", errors);
}

/** A missing privilege: status 403; `detail` is such as `/vms/101, VM.Backup`. */
export function permissionFailure(detail?: string): ProxmoxFailure {
  return new ProxmoxFailure(403, `Permission check failed${detail === undefined ? "" : ` (${detail})`}`);
}

/**
 * A failure as Proxmox prints it into a log or another message: a status that is not 500 comes first, and each
 * parameter's text has a line of its own (PVE::Exception's stringify).
 */
export function failureText(failure: unknown): string {
  if (!(failure instanceof ProxmoxFailure)) return failure instanceof Error ? failure.message : String(failure);
  const status = failure.status === 500 ? "" : `${failure.status} `;
  const details = Object.entries(failure.errors ?? {}).map(([name, text]) => `${name}: ${text}\n`);
  return `${status}${failure.message}${details.join("")}`;
}

/**
 * Runs work that Proxmox does under a lock. What fails there comes back as 500 with the whole failure as its message,
 * because the lock rethrows the text only (PVE::Tools::lock_file, PVE::Cluster::cfs_lock_*).
 */
export async function underLock<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (failure) {
    throw death(failureText(failure));
  }
}
