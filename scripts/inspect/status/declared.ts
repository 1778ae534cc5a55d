import { nodeTools } from "../../../proxmox/rules/node-tools";
import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import { typeOfGuest } from "../../../site/guest-types";
import type { Guest } from "../../../site/settings/environment";

/** Something that is wrong with a guest. */
export interface GuestProblem {
  /** A sentence without its full stop. */
  readonly text: string;
  /** What goes on from here; null: the text says it. */
  readonly next: string | null;
}

/** What may be half done on a guest, so that starting or stopping it may be wrong. */
export interface HalfDone {
  /** A journal of this machine says so, and the ways on are told with it. */
  readonly here: boolean;
  /** Its newest save point, which a restore of another machine may have left; undefined without one. */
  readonly savePoint: string | undefined;
  readonly environment: string;
}

/** How a guest differs from what the settings declare. Of an adopted guest they declare its place only. */
export function declaredProblems(guest: Guest, found: NodeGuest, halfDone: HalfDone): GuestProblem[] {
  const { environment, here } = halfDone;
  const type = typeOfGuest(guest);
  const isOther = type !== undefined && type !== found.type;
  const kind = `guest ${String(guest.id)} is a ${nameOf(found.type)}, the settings declare a ${nameOf(type ?? found.type)}`;
  // Nothing else: an update whose settings name the old node takes the guest for gone, and would make it again.
  const move = `set 'node: ${found.node}' for ${guest.name} in Pulumi.${environment}.yaml, then: lifeboat up ${environment}; or move it back to ${guest.node}`;
  return [
    ...(isOther ? [{ text: kind, next: `lifeboat backups ${environment}/${guest.name}` }] : []),
    ...(found.node === guest.node
      ? []
      : [{ text: `it is on ${found.node}, the settings say ${guest.node}`, next: move }]),
    ...(here ? [] : powerProblems(guest, found, halfDone)),
  ];
}

function powerProblems(
  guest: Guest,
  { status, node, type, vmid }: NodeGuest,
  { savePoint, environment }: HalfDone,
): GuestProblem[] {
  if (status !== "running" && status !== "stopped") {
    return [{ text: `whether it runs is not known: ${node} does not say`, next: `lifeboat doctor ${environment}` }];
  }
  if (guest.kind === "adopted" || guest.started === (status === "running")) return [];
  const program = nodeTools(type).program;
  if (isDown(guest, status) && savePoint !== undefined) {
    return told(
      `it is stopped, and the settings want it running; a restore of it that made save point ${savePoint} may be half done, perhaps on another machine: resume it there, or take it back: lifeboat undo ${environment}/${guest.name}; only if it has ended: on ${node}: ${program} start ${String(vmid)}`,
    );
  }
  return told(
    guest.started
      ? `it is stopped, and the settings want it running: on ${node}: ${program} start ${String(vmid)}`
      : `it runs, and the settings want it stopped: on ${node}: ${program} shutdown ${String(vmid)}`,
  );
}

function told(text: string): GuestProblem[] {
  return [{ text, next: null }];
}

/** Whether a guest is stopped that the settings want running. What one made by hand should be they do not say. */
export function isDown(guest: Guest, status: string): boolean {
  return guest.kind !== "adopted" && guest.started && status === "stopped";
}

function nameOf(type: NodeGuest["type"]): string {
  return type === "lxc" ? "container" : "virtual machine";
}
