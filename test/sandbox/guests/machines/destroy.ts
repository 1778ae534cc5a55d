import type { Node } from "../../model/site";
import type { Task } from "../../model/tasks";
import { death, failureText } from "../../protocol/failure";
import { checkLock, checkProtection, loadGuest, removeGuest, withGuestLock, type Section } from "../configuration";
import { checkReferences, forgetGuest, purgeGuest } from "../purge";
import { freeVolume, isBaseInUse, ownerOf, volumesOf } from "../volumes";
import { isRunning } from "./runtime";
import { driveKeys, driveVolume, isSeed, readDrive } from "./drives";

export interface MachineDestruction {
  vmid: number;
  purge: boolean;
  unreferenced: boolean;
  /** Passes over the `lock` of the configuration. */
  skipLock: boolean;
}

/** What Proxmox refuses at once; a lock is looked at in the task. */
export async function checkMachineDestruction(node: Node, { vmid, purge }: MachineDestruction): Promise<void> {
  const { guest, configuration } = loadGuest(node, "qemu", vmid);
  checkProtection(configuration, `can't remove VM ${vmid}`);
  if (!purge) checkReferences(node, vmid, "VM");
  if (await isRunning(node, guest)) throw death(`VM ${vmid} is running - destroy failed`);
}

/** The task (PVE::API2::Qemu, destroy_vm). */
export async function destroyMachine(node: Node, destruction: MachineDestruction, task: Task): Promise<void> {
  const { vmid, purge, unreferenced } = destruction;
  await withGuestLock(
    node,
    "qemu",
    vmid,
    async () => {
      await checkMachineDestruction(node, destruction);
      const { configuration } = loadGuest(node, "qemu", vmid);
      const sections = [configuration, ...configuration.snapshots.values(), configuration.pending];
      const isSuspended = configuration.keys.get("lock") === "suspended";
      if (!destruction.skipLock && !isSuspended) checkLock("qemu", configuration);
      if (configuration.keys.get("template") === "1") checkBases(node, configuration, vmid);
      const memory = sections.flatMap(({ keys }) => keys.get("vmstate") ?? []);
      const own = [...ownVolumes(configuration, vmid), ...memory, ...ownVolumes(configuration.pending, vmid)];
      for (const volume of new Set(own)) {
        await freeOrWarn(node, volume, task, (text) => `Could not remove disk '${volume}', check manually: ${text}`);
      }
      if (unreferenced)
        for (const { volid } of volumesOf(node, vmid)) await freeOrWarn(node, volid, task, (text) => text);
      forgetGuest(node, vmid);
      if (purge) {
        task.log(`purging VM ${vmid} from related configurations..`);
        purgeGuest(node, vmid, task.log);
      }
      removeGuest(node, vmid);
    },
    task.log,
  );
}

/** A disk that cannot be removed stays, and the machine goes all the same. */
async function freeOrWarn(node: Node, volid: string, task: Task, words: (text: string) => string): Promise<void> {
  try {
    await freeVolume(node, volid, task.log);
  } catch (failure) {
    task.warn(words(failureText(failure)));
  }
}

/** @throws while a linked clone needs one of the template's disks, before any of them goes */
function checkBases(node: Node, configuration: Section, vmid: number): void {
  const used = [...ownVolumes(configuration, vmid)].find((volume) => isBaseInUse(node, volume));
  if (used !== undefined) throw death(`base volume '${used}' is still in use by linked cloned`);
}

function ownVolumes({ keys }: Section, vmid: number): Set<string> {
  const drives = driveKeys(keys).map((key) => readDrive(key, keys.get(key) ?? ""));
  const disks = drives.flatMap((drive) => (isSeed(drive) ? drive.file : (driveVolume(drive) ?? [])));
  const unused = [...keys].filter(([key]) => /^unused\d+$/.test(key)).map(([, value]) => value);
  return new Set([...disks, ...unused].filter((volume) => ownerOf(volume) === vmid));
}
