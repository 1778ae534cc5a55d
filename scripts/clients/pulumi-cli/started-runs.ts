import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { hasEnded, processIdentity, processPlace } from "../../machine/processes";

const runSchema = z.object({
  pid: z.number(),
  /** What tells this process from others that have had or will have its id: boot and start. Empty: not known. */
  identity: z.string(),
  /** Where its id means something; earlier versions did not note it. */
  place: z.object({ boot: z.string(), namespace: z.string(), machine: z.string() }).exactOptional(),
  /** When it was started, milliseconds since 1970. */
  since: z.number(),
});

const suffix = ".process";

/** Who holds a lock of Pulumi, as far as its process is told by it. */
export interface LockHolder {
  readonly pid: number;
  readonly hostname: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Notes beside a run's log which process it is. */
export function noteStarted(log: string, pid: number, since: number): void {
  const note = { pid, identity: processIdentity(pid) ?? "", place: processPlace(), since };
  writeFileSync(log + suffix, JSON.stringify(note), { mode: 0o600 });
}

/**
 * Whether a lock is of a `pulumi` that Lifeboat has started on this machine, and that has ended. That the host's name is
 * equal shows nothing: many machines and containers have one name, and a number of a process is given again. A container that shares
 * the folder has numbers of its own: what cannot be told from here has not ended.
 *
 * @param logs folder of the runs' logs
 */
export function isOurDead({ pid, hostname: host, since }: LockHolder, logs: string): boolean {
  if (host !== hostname()) return false;
  const taken = Date.parse(since);
  return runsIn(logs).some((run) => run.pid === pid && run.since <= taken && hasEnded(pid, run.identity, run.place));
}

function runsIn(logs: string): z.infer<typeof runSchema>[] {
  return filesIn(logs).flatMap((name) => {
    const parsed = runSchema.safeParse(parse(join(logs, name)));
    return parsed.success ? [parsed.data] : [];
  });
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(suffix));
  } catch {
    return [];
  }
}

/** Undefined for one that was cut off when the power went: then nobody knows, and the lock stays. */
function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
