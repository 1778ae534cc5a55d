import type { Cluster } from "../model/site";

/** Adds a guest that was made to a pool, unless it is in one already. @param poolid none was asked for: undefined */
export function addToPool(cluster: Cluster, poolid: string | undefined, vmid: number): void {
  const { pools } = cluster.state.access;
  const pool = pools.find((entry) => entry.poolid === poolid);
  if (pool === undefined || pools.some((entry) => entry.vmids.includes(vmid))) return;
  pool.vmids.push(vmid);
  cluster.save();
}
