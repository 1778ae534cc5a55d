import { nodeTools } from "../../../proxmox/rules/node-tools";
import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import { typeOfGuest } from "../../../site/guest-types";
import type { Guest } from "../../../site/settings/environment";

/** What may be half done on a guest, so that starting or stopping it may be wrong. */
export interface HalfDone {
  /** A journal of this machine says so, and the ways on are told with it. */
  readonly here: boolean;
  /** Its newest save point, which a restore of another machine may have left; undefined without one. */
  readonly savePoint: string | undefined;
  /** `prod/web`. */
  readonly selector: string;
}

/** How a guest differs from what the settings declare, one sentence each. Of an adopted guest they declare its place only. */
export function declaredProblems(guest: Guest, found: NodeGuest, halfDone: HalfDone): string[] {
  const type = typeOfGuest(guest);
  const isOther = type !== undefined && type !== found.type;
  return [
    ...(isOther
      ? [`guest ${String(guest.id)} is a ${nameOf(found.type)}, the settings declare a ${nameOf(type)}`]
      : []),
    ...(found.node === guest.node ? [] : [`it is on ${found.node}, the settings say ${guest.node}`]),
    ...(halfDone.here ? [] : powerProblems(guest, found, halfDone)),
  ];
}

function powerProblems(
  guest: Guest,
  { status, node, type, vmid }: NodeGuest,
  { savePoint, selector }: HalfDone,
): string[] {
  if (status !== "running" && status !== "stopped") return [`whether it runs is not known: ${node} does not say`];
  if (guest.kind === "adopted" || guest.started === (status === "running")) return [];
  const program = nodeTools(type).program;
  if (isDown(guest, status) && savePoint !== undefined) {
    return [
      `it is stopped, and the settings want it running; a restore of it that made save point ${savePoint} may be half done, perhaps on another machine: resume it there, or take it back: lifeboat undo ${selector}; only if it has ended: on ${node}: ${program} start ${String(vmid)}`,
    ];
  }
  return guest.started
    ? [`it is stopped, and the settings want it running: on ${node}: ${program} start ${String(vmid)}`]
    : [`it runs, and the settings want it stopped: on ${node}: ${program} shutdown ${String(vmid)}`];
}

/** Whether a guest is stopped that the settings want running. What one made by hand should be they do not say. */
export function isDown(guest: Guest, status: string): boolean {
  return guest.kind !== "adopted" && guest.started && status === "stopped";
}

function nameOf(type: NodeGuest["type"]): string {
  return type === "lxc" ? "container" : "virtual machine";
}
