import type { Log } from "../drivers/driver";
import type { Node } from "../model/site";
import type { BackupJobEntry } from "../model/state";
import { death } from "../protocol/failure";
import { splitList } from "../protocol/parameters";
import { removeResource, sidOf } from "./ha-resources";

/** What always goes with a guest: its access rules, its places in pools, its firewall (which is part of its record). */
export function forgetGuest(node: Node, vmid: number): void {
  const { access } = node.cluster.state;
  const path = `/vms/${vmid}`;
  access.acl = access.acl.filter((entry) => entry.path !== path);
  for (const pool of access.pools) pool.vmids = pool.vmids.filter((id) => id !== vmid);
  const guest = node.cluster.guest(vmid);
  if (guest !== undefined) delete guest.firewall;
  node.cluster.save();
}

/** @throws while something else refers to the guest: only `purge` deletes it then (PVE::API2::LXC, destroy_vm) */
export function checkReferences(node: Node, vmid: number, type: "CT" | "VM"): void {
  const { highAvailability = [], replication = [] } = node.cluster.state;
  if (highAvailability.some((entry) => entry.vmid === vmid)) {
    throw death(`unable to remove ${type} ${vmid} - used in HA resources and purge parameter not set.`);
  }
  const job = replication.find(({ id }) => id.startsWith(`${vmid}-`));
  if (job !== undefined) {
    throw death(`There is a replication job '${job.id}' for guest '${vmid}' - Please remove that first.`);
  }
}

/**
 * Takes a guest out of high availability, replication and all backup jobs; a job that had no other goes as well
 * (PVE::VZDump::Plugin::remove_vmid_from_backup_jobs).
 */
export function purgeGuest(node: Node, vmid: number, log: Log): void {
  const { state } = node.cluster;
  const resource = state.highAvailability?.find((entry) => entry.vmid === vmid);
  state.replication = (state.replication ?? []).filter(({ id }) => !id.startsWith(`${vmid}-`));
  state.jobs = state.jobs.filter((job) => !isOnlyGuest(job, vmid));
  for (const job of state.jobs) {
    for (const option of ["vmid", "exclude"]) {
      const ids = splitList(job.options[option] ?? "");
      if (!ids.includes(String(vmid))) continue;
      const rest = ids.filter((id) => id !== String(vmid));
      if (rest.length === 0) delete job.options[option];
      else job.options[option] = rest.join(",");
    }
  }
  if (resource !== undefined) {
    removeResource(node.cluster, sidOf(resource), true);
    log(`NOTE: removed ${resource.type === "ct" ? "CT" : "VM"} ${vmid} from HA resource configuration.`);
  }
  node.cluster.save();
}

function isOnlyGuest(job: BackupJobEntry, vmid: number): boolean {
  const ids = splitList(job.options.vmid ?? "");
  return ids.length > 0 && ids.every((id) => id === String(vmid));
}
