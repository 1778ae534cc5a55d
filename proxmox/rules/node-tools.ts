/** What a node has for a kind of guest, as it is written in commands for people. */
export interface NodeTools {
  readonly program: "pct" | "qm";
  /** Folder of its configurations below `/etc/pve/nodes/NODE`. */
  readonly folder: "lxc" | "qemu-server";
}

export function nodeTools(type: "lxc" | "qemu"): NodeTools {
  return type === "lxc" ? { program: "pct", folder: "lxc" } : { program: "qm", folder: "qemu-server" };
}
