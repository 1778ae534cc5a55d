import { readFileSync } from "node:fs";
import { hasCode } from "./error-code";

/** Whether a process of this machine is there, and has not ended already (nobody may have asked yet how). */
export function isRunning(pid: number): boolean {
  if (statOf(pid)?.[0] === "Z") return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

/** Start of a process in clock ticks since boot: field 22 of `/proc/PID/stat`; undefined where there is no `/proc`. */
export function startOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** Tells a process from every other that had or will have its id; undefined where there is no `/proc`. */
export function processIdentity(pid: number): string | undefined {
  const start = startOf(pid);
  const boot = readIfPossible("/proc/sys/kernel/random/boot_id");
  return start === undefined || boot === undefined ? undefined : `${boot.trim()} ${start}`;
}

/** Whether a process runs and is the one with this identity, as far as that can be told. Empty: nobody knows it. */
export function isSameProcess(pid: number, identity: string): boolean {
  if (!isRunning(pid)) return false;
  const now = processIdentity(pid);
  return now === undefined || identity === "" || now === identity;
}

/** Fields of `/proc/PID/stat` behind the name in parentheses: the state is the first. */
function statOf(pid: number): string[] | undefined {
  const stat = readIfPossible(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readIfPossible(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
