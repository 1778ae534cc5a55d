import * as z from "zod";
import { flagAnswer, numberAnswer, textAnswer } from "./values";

/** Kinds of guests in Proxmox's words: `lxc` is a container, `qemu` a virtual machine. */
export const guestTypeAnswer = z.enum(["lxc", "qemu"]);
export type GuestType = z.infer<typeof guestTypeAnswer>;

/** A guest as `/cluster/resources` lists it: a few seconds old; status `unknown` until the node has reported. */
export const guestAnswer = z.object({
  type: guestTypeAnswer,
  vmid: numberAnswer,
  node: z.string(),
  status: z.string(),
  name: textAnswer.optional(),
  tags: textAnswer.optional(),
  pool: z.string().optional(),
  lock: z.string().optional(),
  template: flagAnswer.optional(),
  /** Seconds since its start. */
  uptime: numberAnswer.optional(),
  /** State of the service, as the HA manager has it; missing where HA does not manage the guest. */
  hastate: z.string().optional(),
});
export type Guest = z.infer<typeof guestAnswer>;

/** Options of the firewall of a datacenter, a node or a guest. */
export const firewallOptionsAnswer = z.object({ enable: flagAnswer.optional() });

/** A rule, alias, set or address of a firewall, or its options: members as texts. */
export const firewallEntryAnswer = z.record(z.string(), textAnswer);
export type FirewallEntry = Readonly<Record<string, string>>;

/** The present state of a guest, asked of its own node. */
export const guestStatusAnswer = z.object({
  status: z.string(),
  name: textAnswer.optional(),
  lock: z.string().optional(),
  tags: textAnswer.optional(),
  template: flagAnswer.optional(),
  /** Seconds since its start. */
  uptime: numberAnswer.optional(),
  /** Bytes of the root disk (container) or boot disk (VM). */
  maxdisk: numberAnswer.optional(),
  ha: z.object({ managed: flagAnswer }).optional(),
});
export type GuestStatus = z.infer<typeof guestStatusAnswer>;

/**
 * Keys of a guest's configuration as texts, as in its file, with `digest`: a hash of the file. Raw `lxc.*` lines, which
 * arrive as a list of pairs under `lxc`, become JSON.
 */
export const guestConfigurationAnswer = z.record(
  z.string(),
  z.union([textAnswer, z.unknown().transform((value) => JSON.stringify(value))]),
);
export type GuestConfiguration = Readonly<Record<string, string>>;

export const snapshotAnswer = z.object({
  name: z.string(),
  description: textAnswer.optional(),
  /** Unix seconds. */
  snaptime: numberAnswer.optional(),
  parent: z.string().optional(),
  /** Only while it is made or removed, or when that was broken off: `prepare`, `delete`. */
  snapstate: z.string().optional(),
  /** It holds a virtual machine's memory. */
  vmstate: flagAnswer.optional(),
});
export type Snapshot = z.infer<typeof snapshotAnswer>;

/** What the guest agent says of a machine's cards. */
export const agentInterfacesAnswer = z.object({
  result: z.array(
    z.object({
      name: z.string(),
      "ip-addresses": z.array(z.object({ "ip-address": z.string(), "ip-address-type": z.string() })).optional(),
    }),
  ),
});

/** What has become of a command that the guest agent was told to run; only what it has printed so far, if it runs. */
export const agentExecStatusAnswer = z.object({
  exited: flagAnswer,
  /** Absent: a signal ended it. */
  exitcode: numberAnswer.optional(),
  signal: numberAnswer.optional(),
  "out-data": z.string().optional(),
  "err-data": z.string().optional(),
  "out-truncated": flagAnswer.optional(),
});
export type AgentExecStatus = z.infer<typeof agentExecStatusAnswer>;

export const interfaceAnswer = z.object({
  name: z.string(),
  hwaddr: z.string().optional(),
  /** Address with prefix, such as `192.0.2.101/24`. */
  inet: z.string().optional(),
  inet6: z.string().optional(),
});
export type Interface = z.infer<typeof interfaceAnswer>;
