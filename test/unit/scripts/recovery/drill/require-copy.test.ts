import type { ProxmoxClient } from "../../../../../proxmox/api/client";
import { requireCopy } from "../../../../../scripts/recovery/drill/copies";
import { formatDrillNotes } from "../../../../../site/drill/mark";

const ids = { from: 9000, to: 9099 };
const mark = { operation: "drill-1", time: 1_795_000_000, by: "anna@desk" };

function look(vmid: number, description: string): Promise<void> {
  const client = { guests: { guestConfig: () => Promise.resolve({ description }) } } as unknown as ProxmoxClient;
  return requireCopy(client, { node: "pve", vmid, type: "lxc" }, ids, "drill-1");
}

test("a drill destroys what it made in its range of ids, and nothing else [G2]", async () => {
  const own = formatDrillNotes("a copy", mark);
  await expect(look(9000, own)).resolves.toBeUndefined();
  for (const [vmid, notes] of [
    [8999, own],
    [9100, own],
    [9000, formatDrillNotes("a copy", { ...mark, operation: "drill-2" })],
    [9000, ""],
  ] as const) {
    await expect(look(vmid, notes)).rejects.toMatchObject({ exitCode: 13 });
  }
});
