import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatArchiveName } from "../../../../proxmox/rules/archive-names";

/** Archives of containers as files in a storage's folder `dump`: many of them cost no time. */
export class ArchiveFiles {
  constructor(private readonly dump: string) {}

  /**
   * Puts an archive there.
   *
   * @param time unix seconds of its start.
   */
  put(vmid: number, time: number, size: number, notes: string): void {
    mkdirSync(this.dump, { recursive: true });
    const form = { guestType: "lxc", timeZone: "UTC", format: "tar", compression: "zst" } as const;
    const path = join(this.dump, formatArchiveName({ ...form, vmid, time }));
    writeFileSync(path, Buffer.alloc(size));
    if (notes !== "") writeFileSync(`${path}.notes`, notes);
  }

  /** Takes every archive of a guest away. */
  remove(vmid: number): void {
    if (!existsSync(this.dump)) return;
    const own = readdirSync(this.dump).filter((name) => name.startsWith(`vzdump-lxc-${String(vmid)}-`));
    for (const name of own) rmSync(join(this.dump, name));
  }
}
