/**
 * The places that have a firewall: the datacenter, a node, a guest (PVE::API2::Firewall). Their trees share their operations and differ in
 * where the file is, who may change it, and which parts there are.
 */
import { digestOf, type FirewallFile, formatFirewall, parseFirewall } from "../../firewall/file";
import type { RulePlace, RuleScope } from "../../firewall/verify-rule";
import type { Call, PermissionRule } from "../../calls/endpoint";
import { death, type Json } from "../../protocol/failure";
import type { Parameters, ParameterTable } from "../../protocol/parameters";
import { NODE, VMID } from "../tables";
import { CLUSTER_OPTIONS, GUEST_OPTIONS, NODE_OPTIONS } from "./tables";

/** One of the places that have a firewall. */
export interface Level {
  /** Path of the tree. */
  path: string;
  rules: RulePlace;
  /** Parameters of that path. */
  place: ParameterTable;
  options: ParameterTable;
  audit: PermissionRule;
  modify: PermissionRule;
  read: (call: Call) => string | undefined;
  write: (call: Call, text: string) => void;
}

/** An entry as an answer has it. */
export type Plain = { [key: string]: string | number | undefined };

function guestOf({ node, parameters }: Call, type: "lxc" | "qemu") {
  const vmid = parameters.requiredInteger("vmid");
  const guest = node.cluster.guest(vmid);
  if (guest === undefined || guest.node !== node.name || guest.type !== type) {
    const folder = type === "lxc" ? "lxc" : "qemu-server";
    throw death(`Configuration file 'nodes/${node.name}/${folder}/${String(vmid)}.conf' does not exist`);
  }
  return guest;
}

function onGuest(privilege: string): PermissionRule {
  return { check: { path: "/vms/{vmid}", privileges: [privilege] } };
}

/** @param type of the guests whose firewalls it is about */
export function guestLevel(type: "lxc" | "qemu"): Level {
  return {
    path: `/nodes/{node}/${type}/{vmid}/firewall`,
    rules: type === "lxc" ? "ct" : "vm",
    place: { node: NODE, vmid: VMID },
    options: GUEST_OPTIONS,
    audit: onGuest("VM.Audit"),
    modify: onGuest("VM.Config.Network"),
    read: (call) => guestOf(call, type).firewall,
    write: (call, text) => {
      guestOf(call, type).firewall = text;
    },
  };
}

/** Of the whole cluster: its rules hold for all, and its names are known everywhere. */
export const datacenter: Level = {
  path: "/cluster/firewall",
  rules: "cluster",
  place: {},
  options: CLUSTER_OPTIONS,
  audit: { check: { path: "/", privileges: ["Sys.Audit"] } },
  modify: { check: { path: "/", privileges: ["Sys.Modify"] } },
  read: ({ cluster }) => cluster.state.firewall,
  write: ({ cluster }, text) => {
    cluster.state.firewall = text;
  },
};

/** Of one node. */
export const host: Level = {
  path: "/nodes/{node}/firewall",
  rules: "host",
  place: { node: NODE },
  options: NODE_OPTIONS,
  audit: { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } },
  modify: { check: { path: "/nodes/{node}", privileges: ["Sys.Modify"] } },
  read: ({ node }) => node.state.firewall,
  write: ({ node }, text) => {
    node.state.firewall = text;
  },
};

/** Reads the file, changes it, and writes it back. */
export function changing(level: Level, change: (file: FirewallFile, call: Call) => void) {
  return (call: Call): null => {
    const file = parseFirewall(level.read(call) ?? "");
    change(file, call);
    level.write(call, formatFirewall(file));
    return null;
  };
}

/** Reads the file. */
export function reading(level: Level, read: (file: FirewallFile, call: Call) => Json) {
  return (call: Call): Json => read(parseFirewall(level.read(call) ?? ""), call);
}

/** @throws for a caller who saw other entries */
export function checkDigest(parameters: Parameters, entries: readonly Plain[]): void {
  const sent = parameters.text("digest");
  if (sent !== undefined && sent !== digestOf(entries)) {
    throw death("detected modified configuration - file changed by other user? Try again.");
  }
}

/** Every entry with the digest of them all. */
export function withDigest(entries: readonly Plain[]): Plain[] {
  const digest = digestOf(entries);
  return entries.map((entry) => ({ ...entry, digest }));
}

/** A comment as entries keep it: an empty one is none. */
export function given(comment: string | undefined): { comment?: string } {
  return comment === undefined || comment === "" ? {} : { comment };
}

/** An empty comment takes the old one away. */
export function setComment(commented: { comment?: string }, parameters: Parameters): void {
  const comment = parameters.text("comment");
  if (comment === "") delete commented.comment;
  else if (comment !== undefined) commented.comment = comment;
}

/** Names of the datacenter are known at every level. */
export function scopeOf(call: Call, place: RulePlace, file: FirewallFile): RuleScope {
  const datacenterFile = parseFirewall(datacenter.read(call) ?? "");
  return { place, datacenter: datacenterFile, guest: place === "ct" || place === "vm" ? file : undefined };
}
