import type { Node } from "../../model/site";
import type { Task } from "../../model/tasks";
import { death } from "../../protocol/failure";
import { checkLock, checkProtection, loadGuest, removeGuest, withGuestLock, type Section } from "../configuration";
import { checkReferences, forgetGuest, purgeGuest } from "../purge";
import { freeVolume, freeVolumes, ownerOf, volumesOf } from "../volumes";
import { isRunning } from "./runtime";
import { driveKeys, driveVolume, isSeed, readDrive } from "./drives";

export interface MachineDestruction {
  vmid: number;
  purge: boolean;
  unreferenced: boolean;
}

/** What Proxmox refuses at once. */
export async function checkMachineDestruction(node: Node, { vmid, purge }: MachineDestruction): Promise<void> {
  const { guest, configuration } = loadGuest(node, "qemu", vmid);
  checkProtection(configuration, `can't remove VM ${vmid}`);
  if (await isRunning(node, guest)) throw death(`VM ${vmid} is running - destroy failed`);
  checkLock("qemu", configuration);
  if (!purge) checkReferences(node, vmid, "VM");
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
      for (const volume of ownVolumes(configuration, vmid)) await freeVolume(node, volume, task.log);
      if (unreferenced)
        await freeVolumes(
          node,
          volumesOf(node, vmid).map((volume) => volume.volid),
          task.log,
        );
      forgetGuest(node, vmid);
      if (purge) {
        task.log(`purging VM ${vmid} from related configurations..`);
        purgeGuest(node, vmid);
      }
      removeGuest(node, vmid);
    },
    task.log,
  );
}

function ownVolumes({ keys }: Section, vmid: number): Set<string> {
  const drives = driveKeys(keys).map((key) => readDrive(key, keys.get(key) ?? ""));
  const disks = drives.flatMap((drive) => (isSeed(drive) ? drive.file : (driveVolume(drive) ?? [])));
  const unused = [...keys].filter(([key]) => /^unused\d+$/.test(key)).map(([, value]) => value);
  return new Set([...disks, ...unused].filter((volume) => ownerOf(volume) === vmid));
}
