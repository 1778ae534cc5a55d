import { basename } from "node:path";
import { processIds, readProc } from "../../../machine/processes";
import { QEMU } from "./command-line";

/**
 * Which virtual machines run, by QEMU's own name for each, read from the process list: so an emulator that was killed and
 * started again, and `down` after a crash, know what an own record could not tell.
 *
 * @param isOurs by the name
 * @returns process ids by name; while QEMU goes to the background it has two
 */
export function findMachines(isOurs: (name: string) => boolean): Map<string, readonly number[]> {
  const machines = new Map<string, readonly number[]>();
  for (const pid of processIds()) {
    const words = readProc(pid, "cmdline").split("\0");
    if (basename(words[0] ?? "") !== QEMU) continue;
    const name = words[words.indexOf("-name") + 1] ?? "";
    if (isOurs(name)) machines.set(name, [...(machines.get(name) ?? []), pid]);
  }
  return machines;
}
