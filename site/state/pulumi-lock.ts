import * as z from "zod";

/** Who holds Pulumi's lock of a stack. Source: pulumi `pkg/backend/diy/lock.go`. */
export interface LockOwner {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** When it was taken, as ISO 8601. */
  readonly timestamp: string;
}

const lockSchema = z.object({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

/** @returns undefined for a lock that somebody else than Pulumi wrote, or that is cut off: it locks nevertheless. */
export function parseLock(text: string): LockOwner | undefined {
  try {
    const parsed = lockSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The content of a lock, as Pulumi reads it. */
export function lockText(owner: LockOwner): string {
  const { pid, username, hostname, timestamp } = owner;
  return JSON.stringify({ pid, username, hostname, timestamp });
}
