import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import { typeOfGuest } from "../../../site/guest-types";
import type { Guest } from "../../../site/settings/environment";

/** How a guest differs from what the settings declare, one sentence each. Of an adopted guest they declare its place only. */
export function declaredProblems(guest: Guest, found: NodeGuest): string[] {
  const type = typeOfGuest(guest);
  const isOther = type !== undefined && type !== found.type;
  return [
    ...(isOther
      ? [`guest ${String(guest.id)} is a ${nameOf(found.type)}, the settings declare a ${nameOf(type)}`]
      : []),
    ...(found.node === guest.node ? [] : [`it is on ${found.node}, the settings say ${guest.node}`]),
    ...powerProblems(guest, found),
  ];
}

function powerProblems(guest: Guest, { status, node, type, vmid }: NodeGuest): string[] {
  if (status !== "running" && status !== "stopped") return [`whether it runs is not known: ${node} does not say`];
  if (guest.kind === "adopted" || guest.started === (status === "running")) return [];
  const program = type === "lxc" ? "pct" : "qm";
  return guest.started
    ? [`it is stopped, and the settings want it running: on ${node}: ${program} start ${String(vmid)}`]
    : [`it runs, and the settings want it stopped: on ${node}: ${program} shutdown ${String(vmid)}`];
}

function nameOf(type: NodeGuest["type"]): string {
  return type === "lxc" ? "container" : "virtual machine";
}
