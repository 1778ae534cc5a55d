import { readFileSync, readlinkSync } from "node:fs";
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

/** Where a process id means something: another container has ids of its own, whatever it calls its host. */
export interface ProcessPlace {
  /** Of the running kernel: another one after every start of the machine. */
  readonly boot: string;
  /** `pid:[4026531836]` */
  readonly namespace: string;
  /** `/etc/machine-id`; empty where there is none. */
  readonly machine: string;
}

/** The namespace of the machine itself, which is in no container: the kernel gives it this number. */
const outermost = "pid:[4026531836]";

/** Of this process, and of those that it starts; undefined where there is no `/proc`. */
export function processPlace(): ProcessPlace | undefined {
  const boot = readIfPossible("/proc/sys/kernel/random/boot_id")?.trim();
  const namespace = linkIfPossible("/proc/self/ns/pid");
  if (boot === undefined || namespace === undefined) return undefined;
  return { boot, namespace, machine: readIfPossible("/etc/machine-id")?.trim() ?? "" };
}

/** Whether a process has ended that was noted with its identity in a place. What cannot be told from here has not. */
export function hasEnded(
  pid: number,
  identity: string,
  place: ProcessPlace | undefined,
  here: ProcessPlace | undefined = processPlace(),
): boolean {
  if (place === undefined || here === undefined || place.namespace !== here.namespace) return false;
  if (place.boot === here.boot) return !isSameProcess(pid, identity);
  // The machine itself was started anew since; of a container nobody knows which it was.
  return here.namespace === outermost && here.machine !== "" && place.machine === here.machine;
}

/** Fields of `/proc/PID/stat` behind the name in parentheses: the state is the first. */
function statOf(pid: number): string[] | undefined {
  const stat = readIfPossible(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function linkIfPossible(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readIfPossible(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
