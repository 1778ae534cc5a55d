/**
 * Tasks of an open console, of a guest or of a node's shell: they last as long as somebody looks at it, change nothing and hold no
 * lock. Source: the workers that PVE::API2::{Qemu,LXC,Nodes} fork for vncproxy, termproxy and spiceproxy.
 */
const types: ReadonlySet<string> = new Set(["vncproxy", "spiceproxy", "vncshell", "spiceshell"]);

/** Whether a task of this type is somebody's open console, and so no work that anything has to wait for. */
export function isConsole(type: string): boolean {
  return types.has(type);
}
