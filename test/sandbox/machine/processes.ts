import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Processes that carry a variable with this value in their environment, as far as this user may look. */
export function processesMarked(variable: string, value: string): number[] {
  const wanted = `${variable}=${value}`;
  return processIds().filter((pid) => readProc(pid, "environ").split("\0").includes(wanted));
}

/** Ends processes: asks first, insists after `grace` milliseconds, and waits until they are gone. */
export async function endProcesses(pids: readonly number[], grace = 0): Promise<void> {
  if (grace > 0) for (const pid of pids) signal(pid, "SIGTERM");
  for (let waited = 0; waited < grace && pids.some(isAlive); waited += 50) await sleep(50);
  for (const pid of pids.filter(isAlive)) signal(pid, "SIGKILL");
  for (let waited = 0; waited < 10_000 && pids.some(isAlive); waited += 20) await sleep(20);
}

/** False for a process that has ended, also while its parent has not asked for its exit code. */
export function isAlive(pid: number): boolean {
  const status = readProc(pid, "status");
  return status !== "" && !/^State:\s+[ZX]/m.test(status);
}

/** The command line of the process that listens on a TCP port of an IPv4 address; undefined when none is seen. */
export function portHolder(address: string, port: number): { pid: number; command: string } | undefined {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  const wanted = [
    `${bytes.reverse().join("")}:${port.toString(16).padStart(4, "0")}`,
    `00000000:${port.toString(16).padStart(4, "0")}`,
  ];
  const line = readFileSync("/proc/net/tcp", "latin1")
    .split("\n")
    .map((text) => text.trim().toLowerCase().split(/\s+/))
    .find(([, local = "", , state]) => state === "0a" && wanted.includes(local));
  const inode = line?.[9];
  const pid = inode === undefined ? undefined : processIds().find((candidate) => holdsSocket(candidate, inode));
  return pid === undefined ? undefined : { pid, command: readProc(pid, "cmdline").replaceAll("\0", " ").trim() };
}

function holdsSocket(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function processIds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Text of a file in /proc; empty for a process that has ended, or that this user may not look at. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself meanwhile.
  }
}
