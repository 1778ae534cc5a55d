import type { Archive } from "../../../proxmox/api/answers";
import { plainText } from "../../../proxmox/api/plain-text";
import { groupBy } from "../../machine/group-by";

/** Backups under a number that no settings have and that no guest has any more. */
export interface LeftBackups {
  readonly id: number;
  readonly backups: number;
  readonly bytes: number;
  /** When the newest began, unix seconds. */
  readonly newest: number;
  /** First line of its notes: who it was, as a rule. */
  readonly notes: string;
}

/**
 * What guests have left behind that are neither in the settings nor on the nodes: by rising numbers.
 *
 * @param isKnown whether settings or a node have a guest of this number
 */
export function leftBackups(archives: readonly Archive[], isKnown: (id: number) => boolean): LeftBackups[] {
  const left = archives.filter(({ vmid }) => vmid !== undefined && !isKnown(vmid));
  const byId = groupBy(left, ({ vmid = 0 }) => vmid);
  return [...byId]
    .map(([id, own]) => {
      const [newest] = own.toSorted((a, b) => b.ctime - a.ctime);
      const bytes = own.reduce((sum, { size }) => sum + (size ?? 0), 0);
      const notes = plainText(newest?.notes ?? "");
      return { id, backups: own.length, bytes, newest: newest?.ctime ?? 0, notes };
    })
    .sort((a, b) => a.id - b.id);
}
