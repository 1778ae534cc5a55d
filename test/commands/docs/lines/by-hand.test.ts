import { execFileSync } from "node:child_process";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { linesRun } from "../../../support/docs/lines-run";
import { typeOnNode } from "../../../support/node-commands";
import { MachineSite } from "../../machines/machine-site";
import { node, RestoreSite } from "../../restore/restore-site";

/** What root types on a node where Lifeboat is not at hand: Proxmox's own commands, as the calls of the API that they make. */
let site: RestoreSite;
let machines: MachineSite;
const roots = new Map<RestoreSite | MachineSite, ProxmoxClient>();
let archive: string;
let machineArchive: string;

beforeAll(async () => {
  [site, machines] = await Promise.all([
    RestoreSite.start([{ id: 101, name: "web", withCache: true }]),
    MachineSite.start([{ id: 110, name: "app" }]),
  ]);
  for (const one of [site, machines]) roots.set(one, one.rootClient());
  archive = nameOf(await site.backUp(101));
  machineArchive = nameOf(await machines.backUp(110));
});

afterAll(async () => {
  await Promise.all([...roots.values()].map((root) => root.close()));
  await Promise.all([site.stop(), machines.stop()]);
});

const nameOf = (volid: string): string => volid.slice(volid.lastIndexOf("/") + 1);

/** What has to be so before a line makes sense, by the line. */
const before: Readonly<Record<string, () => Promise<unknown>>> = {
  "pct set 101 --delete mp2": () => type("pct set 101 --mp2 local:1,mp=/mnt/extra"),
};

/** With what a reader writes in place of the dots. */
async function filled(line: string): Promise<string> {
  const [failed] = await site.client.tasks.list(node, { typefilter: "vzdump" });
  return line
    .replace(/vzdump-lxc-101-[^.]+\.tar\.zst/u, archive)
    .replace(/vzdump-qemu-110-[^.]+\.vma\.zst/u, machineArchive)
    .replace("UPID:…", failed?.upid ?? "");
}

async function type(line: string, variables = {}): Promise<unknown> {
  const on = line.startsWith("qm") ? machines : site;
  const written = await filled(line);
  if (written.startsWith("zstd ")) {
    const here = written.replace("/mnt/backup", site.nodePath(node, "mnt/backup"));
    return execFileSync("bash", ["-c", `set -o pipefail; ${here}`], { encoding: "utf8" });
  }
  const root = roots.get(on);
  if (root === undefined) throw new Error("nobody is signed in");
  return typeOnNode(root, node, written, variables);
}

test.each(Object.keys(linesRun["by-hand"] ?? {}))("%s [K1]", async (line) => {
  await before[line]?.();
  await expect(type(line)).resolves.toBeDefined();
});

test("the test restore has left nothing, and the guest is there with what its backup held [K1, 001 AC3]", async () => {
  expect(await site.exists(901)).toBe(false);
  expect(await site.running(101)).toBe(true);
  const configuration = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 101 });
  expect(configuration).toMatchObject({ unused0: expect.stringMatching(/^local:101\//u) });
  expect(configuration).not.toHaveProperty("mp2");
  expect(site.readGuestFile(await site.volumeOf(101, "mp0"), "marker")).toBe("web data\n");
});

test("the break-glass file's lines bring a guest that is gone back, each volume in its place, and its job [H7, 004 US6.2]", async () => {
  const { stdout } = await site.lifeboat(["kit"]);
  await site.backUp(101);
  archive = nameOf((await site.archives(101))[0]?.volid ?? "");
  await site.destroy(101);
  const lines = stdout.split("\n").map((line) => line.trim());
  const from = lines.indexOf("prod/web: 101 on pve-prod");
  const byHand = lines.slice(from).filter((line) => /^(?:pvesm list|pct|qmrestore) /u.test(line));
  expect(byHand.length).toBe(3);
  for (const line of byHand) await type(line, { ARCHIVE: `backup:backup/${archive}` });
  expect(await site.running(101)).toBe(true);
  expect(site.readGuestFile(await site.volumeOf(101, "rootfs"), "etc/marker")).toBe("web root\n");
  expect(await site.client.guests.guestConfig({ node, type: "lxc", vmid: 101 })).toMatchObject({
    rootfs: expect.stringMatching(/^local:/u),
    mp0: expect.stringMatching(/^data:.*mp=\/srv.*backup=1|^data:.*backup=1.*mp=\/srv/u),
    mp1: expect.stringMatching(/^local:.*mp=\/var\/cache\/app/u),
  });
  const [job = ""] = lines.filter((line) => line.startsWith("pvesh create "));
  await type(job);
  expect(await site.client.get(["cluster", "backup", "lifeboat-prod"])).toMatchObject({
    storage: "backup",
    vmid: "101",
  });
});
