import { enforceFirewall } from "./enforce-firewall";
import type { Node } from "../../model/site";
import type { Task } from "../../model/tasks";
import { death } from "../../protocol/failure";
import {
  checkLock,
  checkProtection,
  emptyConfiguration,
  loadGuest,
  removeGuest,
  storeGuest,
  withGuestLock,
  type Configuration,
} from "../configuration";
import { checkReferences, forgetGuest, purgeGuest } from "../purge";
import { freeVolumes, volumesOf } from "../volumes";
import { isRunning, killContainer } from "./runtime";
import { removeVolumes } from "./update";

export interface Destruction {
  vmid: number;
  force: boolean;
  purge: boolean;
  /** Also disks with the guest's number that its configuration does not name. */
  unreferenced: boolean;
}

/** What Proxmox refuses at once. */
export async function checkDestruction(node: Node, { vmid, force, purge }: Destruction): Promise<void> {
  const { guest, configuration } = loadGuest(node, "lxc", vmid);
  checkRemovable(vmid, configuration);
  if (!purge) checkReferences(node, vmid, "CT");
  if (!force && (await isRunning(node, guest))) throw runningFailure(vmid);
}

function checkRemovable(vmid: number, configuration: Configuration): void {
  checkProtection(configuration, `can't remove CT ${vmid}`);
  checkLock("lxc", configuration);
}

function runningFailure(vmid: number): Error {
  return death(`unable to destroy CT ${vmid} - container is running`);
}

/** The task (PVE::API2::LXC, destroy_vm): volumes, access, firewall, jobs, and the configuration last. */
export async function destroyContainer(node: Node, destruction: Destruction, task: Task): Promise<void> {
  const { vmid } = destruction;
  await withGuestLock(
    node,
    "lxc",
    vmid,
    async () => {
      const loaded = loadGuest(node, "lxc", vmid);
      checkRemovable(vmid, loaded.configuration);
      if (!destruction.purge) checkReferences(node, vmid, "CT");
      if (await isRunning(node, loaded.guest)) {
        if (!destruction.force) throw runningFailure(vmid);
        task.log(`forced to stop CT ${vmid} before destroying!`);
        await killContainer(node, loaded);
      }
      await removeVolumes(node, vmid, loaded.configuration, task);
      if (destruction.unreferenced) {
        await freeVolumes(
          node,
          volumesOf(node, vmid).map((volume) => volume.volid),
          task.log,
        );
      }
      const zombie = emptyConfiguration();
      zombie.keys.set("lock", "destroyed");
      storeGuest(node, "lxc", vmid, zombie);
      await task.checkpoint("destroyed");
      forgetGuest(node, vmid);
      if (destruction.purge) {
        task.log(`purging CT ${vmid} from related configurations..`);
        purgeGuest(node, vmid, task.log);
      }
      removeGuest(node, vmid);
      await enforceFirewall(node.cluster.site);
    },
    task.log,
  );
}
