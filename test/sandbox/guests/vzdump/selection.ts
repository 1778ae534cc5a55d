import type { Cluster } from "../../model/site";
import { death } from "../../protocol/failure";

/** What a run or a job says about its guests. */
export interface Selection {
  vmids: readonly number[];
  all: boolean;
  exclude: readonly number[];
  pool: string | undefined;
}

/** Guests of a selection, by what they are to one node. */
export interface SelectedGuests {
  /** Guests of the node, and numbers that no guest has. */
  local: number[];
  /** Guests of other nodes. */
  external: number[];
}

/** PVE::VZDump::get_included_guests. @throws for a pool that does not exist */
export function selectGuests(cluster: Cluster, node: string, selection: Selection): SelectedGuests {
  const local: number[] = [];
  const external: number[] = [];
  for (const vmid of [...selectedIds(cluster, selection)].sort((a, b) => a - b)) {
    const guest = cluster.guest(vmid);
    (guest === undefined || guest.node === node ? local : external).push(vmid);
  }
  // Numbers of missing guests come after those that are there; the run sorts them again.
  return { local, external };
}

function selectedIds(cluster: Cluster, selection: Selection): readonly number[] {
  if (selection.pool !== undefined) {
    const pool = cluster.state.access.pools.find((entry) => entry.poolid === selection.pool);
    if (pool === undefined) throw death(`pool '${selection.pool}' does not exist`);
    return pool.vmids;
  }
  if (selection.vmids.length > 0) return selection.vmids;
  if (!selection.all) return [];
  return cluster.state.guests.map((guest) => guest.vmid).filter((vmid) => !selection.exclude.includes(vmid));
}
