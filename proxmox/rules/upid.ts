/** Names of Proxmox tasks (UPIDs). Source: pve-common, `PVE::Tools::upid_encode` and `upid_decode`. */

/** What the name of a task says about it. */
export interface Upid {
  /** The node that runs the task, and the only one to ask about it. */
  readonly node: string;
  readonly pid: number;
  /** Start of the worker process in clock ticks since the node's boot; tells two processes with the same id apart. */
  readonly processStart: number;
  /** Unix seconds. */
  readonly startTime: number;
  /** Such as `vzdump`, `vzrestore`, `vzstart`. */
  readonly type: string;
  /** Guest, storage or volume that the task works on; empty when there is none or more than one. */
  readonly id: string;
  /** `user@realm`, or `user@realm!token`. */
  readonly user: string;
}

const pattern =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;

/** Reads the name of a task; `undefined` where Proxmox would answer `unable to parse worker upid`. */
export function parseUpid(text: string): Upid | undefined {
  const match = pattern.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, node = "", pid = "", processStart = "", startTime = "", type = "", id = "", user = ""] = match;
  return {
    node,
    pid: Number.parseInt(pid, 16),
    processStart: Number.parseInt(processStart, 16),
    startTime: Number.parseInt(startTime, 16),
    type,
    id,
    user,
  };
}

function hexadecimal(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}

/** Writes the name of a task in the form that `parseUpid` reads. */
export function formatUpid(upid: Upid): string {
  const { node, pid, processStart, startTime, type, id, user } = upid;
  return `UPID:${node}:${hexadecimal(pid)}:${hexadecimal(processStart)}:${hexadecimal(startTime)}:${type}:${id}:${user}:`;
}

const serverPattern =
  /^UPID:[^:\s/]+:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8,}:([0-9A-Fa-f]{8}):[^:\s/]+:[^:\s]*:[^:\s]+:$/;

/**
 * When a task of a Proxmox Backup Server began, in unix seconds; undefined for any other text. Its names have one number more than
 * those of Proxmox VE, for tasks of one process. Source: proxmox-backup, `pbs_api_types::UPID`.
 */
export function backupServerTaskStart(text: string): number | undefined {
  const start = serverPattern.exec(text)?.[1];
  return start === undefined ? undefined : Number.parseInt(start, 16);
}
