import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatArchiveName } from "../../../../proxmox/rules/archive-names";

/** Archives of containers as files in a storage's folder `dump`: many of them cost no time. */
export class ArchiveFiles {
  constructor(private readonly dump: string) {}

  /**
   * Puts an archive there.
   *
   * @param time unix seconds of its start. @param holds the configuration in it. Default: there is none that can be read.
   */
  put(vmid: number, time: number, size: number, notes: string, holds?: string): void {
    mkdirSync(this.dump, { recursive: true });
    const form = { guestType: "lxc", timeZone: "UTC", format: "tar", compression: "zst" } as const;
    const path = join(this.dump, formatArchiveName({ ...form, vmid, time }));
    writeFileSync(path, holds === undefined ? Buffer.alloc(size) : padded(packed(holds), size));
    if (notes !== "") writeFileSync(`${path}.notes`, notes);
  }

  /** Takes every archive of a guest away, but for one. */
  remove(vmid: number, kept?: string): void {
    if (!existsSync(this.dump)) return;
    const own = readdirSync(this.dump)
      .filter((name) => name.startsWith(`vzdump-lxc-${String(vmid)}-`))
      .filter((name) => kept === undefined || !name.startsWith(kept));
    for (const name of own) rmSync(join(this.dump, name));
  }
}

const known = new Map<string, Buffer>();

/** As vzdump packs a configuration. */
function packed(configuration: string): Buffer {
  const found = known.get(configuration);
  if (found !== undefined) return found;
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-archive-"));
  try {
    mkdirSync(join(folder, "etc/vzdump"), { recursive: true });
    writeFileSync(join(folder, "etc/vzdump/pct.conf"), configuration);
    const content = execFileSync("tar", ["-C", folder, "--zstd", "-cf", "-", "./etc/vzdump/pct.conf"]);
    known.set(configuration, content);
    return content;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Made as long as it is to be by a frame that every reader of the format leaves out. */
function padded(content: Buffer, size: number): Buffer {
  const head = Buffer.alloc(8);
  const rest = size - content.length - head.length;
  if (rest < 0) throw new Error(`An archive with a configuration has ${String(size - rest)} bytes or more.`);
  head.writeUInt32LE(0x184d2a50);
  head.writeUInt32LE(rest, 4);
  return Buffer.concat([content, head, Buffer.alloc(rest)]);
}
