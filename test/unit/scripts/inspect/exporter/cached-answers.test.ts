import { ProxmoxClient } from "../../../../../proxmox/api/client";
import type { Request } from "../../../../../proxmox/api/request";
import { CachedAnswers } from "../../../../../scripts/inspect/exporter/cached-answers";

const volid = "backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst";

/** A node that counts what it is asked. */
class Node {
  readonly asked: string[] = [];
  archive: Record<string, unknown> = { volid, size: 2_000, ctime: 1_000, notes: "first" };
  now = 0;
  private readonly answers = new CachedAnswers(() => this.now);
  private readonly direct = new ProxmoxClient({
    endpoint: "https://192.0.2.11:8006",
    send: (request) => Promise.resolve({ data: this.answer(request), total: undefined }),
    close: () => Promise.resolve(),
  });
  readonly client = this.answers.over(this.direct, new Set([101]));

  /** A look: the list, then what only the archive itself tells. Gives what the node was asked besides the list. */
  async look(): Promise<string[]> {
    this.asked.length = 0;
    await this.client.backups.archives("pve", "backup");
    await this.client.backups.archiveDetails("pve", volid);
    await this.client.backups.extractConfiguration("pve", volid);
    await this.client.guests.guestConfig({ node: "pve", type: "lxc", vmid: 101 });
    this.answers.tidy();
    return this.asked.filter((path) => !path.endsWith("/content"));
  }

  private answer({ path }: Request): unknown {
    const text = path.join("/");
    this.asked.push(text);
    if (text.endsWith("/content")) return [this.archive];
    if (text.endsWith("/extractconfig")) return "hostname: web\n";
    return text.endsWith("/config") ? { hostname: "web", digest: "1" } : { path: "/dump", notes: "first\nsecond" };
  }
}

test("what only an archive or a guest itself tells is asked once, and again after 30 minutes at the latest [C2]", async () => {
  const node = new Node();
  expect(await node.look()).toHaveLength(3);
  node.now = 14 * 60_000;
  expect(await node.look()).toEqual([]);
  node.now = 30 * 60_000;
  expect(await node.look()).toHaveLength(3);
});

test.each([
  ["notes", "lifeboat save point 1"],
  ["size", 1_000],
  ["protected", 1],
])("an archive that is listed with other %s is asked about at once [C2]", async (member, value) => {
  const node = new Node();
  await node.look();
  node.archive = { ...node.archive, [member]: value };
  expect(await node.look()).toEqual([`nodes/pve/storage/backup/content/${volid}`, "nodes/pve/vzdump/extractconfig"]);
});

test("guests of nobody, lists and clocks are asked each time, and nothing is changed through it [C2]", async () => {
  const node = new Node();
  const ask = () => node.client.guests.guestConfig({ node: "pve", type: "lxc", vmid: 900 });
  await ask();
  await ask();
  expect(node.asked).toHaveLength(2);
  await expect(node.client.backups.setArchiveNotes("pve", volid, "x")).rejects.toThrow(/read-only/u);
});
