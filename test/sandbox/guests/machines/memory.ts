/** MiB of memory that a machine's configuration gives it (`memory: current=2048` or a number), Proxmox's default otherwise. */
export function memoryOf(keys: ReadonlyMap<string, string>): number {
  return Number(/\d+/.exec(keys.get("memory") ?? "512")?.[0] ?? 512);
}
