import * as z from "zod";
import { flagAnswer, numberAnswer } from "./values";

export const versionAnswer = z.object({ version: z.string(), release: z.string() });
export type Version = z.infer<typeof versionAnswer>;

/** Path to privileges; the value says whether the privilege also holds below the path. */
export const permissionsAnswer = z.record(z.string(), z.record(z.string(), flagAnswer));
export type Permissions = z.infer<typeof permissionsAnswer>;

export const nodeAnswer = z.object({
  node: z.string(),
  status: z.string().optional(),
  /** Processors; missing without `Sys.Audit` on the node. */
  maxcpu: numberAnswer.optional(),
  /** Seconds since its start; missing without `Sys.Audit` on the node. */
  uptime: numberAnswer.optional(),
});
export type NodeEntry = z.infer<typeof nodeAnswer>;

export const nodeTimeAnswer = z.object({
  /** Unix seconds, UTC. */
  time: numberAnswer,
  /** IANA name, such as `Europe/Amsterdam`. */
  timezone: z.string(),
});
export type NodeTime = z.infer<typeof nodeTimeAnswer>;

/** A network interface of a node, as far as it says where a bridge leads. */
export const nodeInterfaceAnswer = z.object({
  iface: z.string(),
  type: z.string(),
  bridge_ports: z.string().optional(),
  address: z.string().optional(),
  address6: z.string().optional(),
  cidr: z.string().optional(),
  cidr6: z.string().optional(),
  gateway: z.string().optional(),
  gateway6: z.string().optional(),
  method: z.string().optional(),
  method6: z.string().optional(),
  "vlan-raw-device": z.string().optional(),
  ovs_bridge: z.string().optional(),
  ovs_ports: z.string().optional(),
});
export type NodeInterface = z.infer<typeof nodeInterfaceAnswer>;

export const clusterStatusAnswer = z.object({
  type: z.string(),
  name: z.string(),
  ip: z.string().optional(),
  online: flagAnswer.optional(),
  local: flagAnswer.optional(),
  /** Of the cluster itself: more than half of its nodes are up. */
  quorate: flagAnswer.optional(),
});
export type ClusterStatusEntry = z.infer<typeof clusterStatusAnswer>;

export const poolAnswer = z.object({ poolid: z.string(), comment: z.string().optional() });
export type Pool = z.infer<typeof poolAnswer>;

export const haResourceAnswer = z.object({
  /** `ct:101` or `vm:101`. */
  sid: z.string(),
  state: z.string().optional(),
  group: z.string().optional(),
});
export type HaResource = z.infer<typeof haResourceAnswer>;

export const replicationJobAnswer = z.object({
  /** `101-0`. */
  id: z.string(),
  guest: numberAnswer,
  /** Node that gets the copy. */
  target: z.string(),
  schedule: z.string().optional(),
});
export type ReplicationJob = z.infer<typeof replicationJobAnswer>;
