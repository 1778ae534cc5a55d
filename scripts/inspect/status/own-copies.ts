import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { drillTag } from "../../../site/drill/copy-parameters";
import { readDrillMark, verdictOn } from "../../../site/drill/mark";
import { copyTag, readCopyOrigin } from "../../../site/restore/copy-notes";
import { unless } from "../../recovery/steps/guest/inspect-present";

/** A guest that Lifeboat has made of an archive, beside its original. It is nobody's to adopt. */
export interface OwnCopy {
  readonly vmid: number;
  /** Half a sentence: `is a copy of web (101), which a restore has made`. */
  readonly text: string;
  /** What removes it, on its node. */
  readonly remove: string;
  /** A drill that may be at work has it: it is nobody's trouble. */
  readonly isInUse: boolean;
}

/** Those among guests of the nodes, by their tags, and certainly by their notes. @param now the node's clock, unix seconds */
export async function ownCopiesAmong(
  client: ProxmoxClient,
  guests: readonly NodeGuest[],
  now: number,
): Promise<ReadonlyMap<number, OwnCopy>> {
  const tagged = guests.filter(({ tags }) => tags?.split(/[;, ]/u).some((tag) => tag === copyTag || tag === drillTag));
  const found = await Promise.all(
    tagged.map(async (guest): Promise<OwnCopy[]> => {
      const keys = await unless(["gone", "forbidden"], client.guests.guestConfig(guest));
      return copyIn(guest, keys?.["description"], now) ?? [];
    }),
  );
  return new Map(found.flat().map((copy) => [copy.vmid, copy]));
}

function copyIn({ vmid, node, type }: NodeGuest, notes: string | undefined, now: number): OwnCopy[] | undefined {
  const tool = type === "lxc" ? "pct" : "qm";
  const remove = `on ${node}: ${tool} stop ${String(vmid)}; ${tool} destroy ${String(vmid)}`;
  const mark = readDrillMark(notes);
  if (mark !== undefined) {
    const text = `is a copy that a drill of ${mark.by} has left`;
    return [{ vmid, text, remove, isInUse: verdictOn(mark, false, now) === "alive" }];
  }
  const origin = readCopyOrigin(notes);
  if (origin === undefined) return undefined;
  const text = `is a copy of ${origin.name} (${String(origin.id)}), which a restore has made, and is in no backup job`;
  return [{ vmid, text, remove, isInUse: false }];
}
