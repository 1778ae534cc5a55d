import { parseArchiveName, whyNotRestorable } from "../../proxmox/rules/archive-names";
import { type CopiedFiles, type ListedVersion, wholeCopies } from "./copied-files";

/** An archive of a guest as it lies elsewhere, whole. */
export interface CopiedArchive {
  /** `vzdump-lxc-101-2026_11_20-01_00_00.tar.zst` */
  readonly name: string;
  readonly vmid: number;
  /** Unix seconds of its begin, by the node's wall clock in its name. */
  readonly time: number;
  readonly files: CopiedFiles;
  /** Of the archive alone. */
  readonly bytes: number;
  readonly doubts: readonly string[];
}

/**
 * The whole archives of a guest among what lies below its folder.
 *
 * @param folder of the guest's archives, without a slash at its end
 * @param timeZone of the node that made them
 * @returns the newest first
 */
export function copiedArchives(folder: string, versions: readonly ListedVersion[], timeZone: string): CopiedArchive[] {
  return wholeCopies(folder, versions)
    .flatMap(({ name, files, doubts }): CopiedArchive[] => {
      const parsed = parseArchiveName(name, timeZone);
      const [first] = files.get(name) ?? [];
      if (parsed?.standard !== true || first === undefined) return [];
      const unrestorable = whyNotRestorable(name, parsed.guestType === "qemu" ? "qemu" : "lxc");
      const all = unrestorable === undefined ? doubts : [...doubts, unrestorable];
      return [{ name, vmid: parsed.vmid, time: parsed.time, files, bytes: first.size, doubts: all }];
    })
    .sort((a, b) => b.time - a.time || (a.name < b.name ? 1 : -1));
}
