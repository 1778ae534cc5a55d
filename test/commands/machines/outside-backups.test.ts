import { MachineSite, node } from "./machine-site";

let site: MachineSite;

beforeAll(async () => {
  const notes = "lifeboat: prod/notes\nscsi0: the system disk, never shrink it\nscsi2: cache, may be lost";
  const cache = { scsi2: "local:0.00390625,backup=0,format=qcow2" };
  site = await MachineSite.start([
    { id: 151, name: "notes", options: { ...cache, description: notes } },
    { id: 152, name: "plain" },
    { id: 153, name: "nas", stopped: true },
    // Made in the order of their keys: the disk outside the backups gets the first number.
    { id: 155, name: "waits" },
    { id: 154, name: "again", options: { ide0: "local:0.00390625,backup=0,format=qcow2" } },
  ]);
});

afterAll(() => site.stop());

const guest = (vmid: number) => ({ node, type: "qemu", vmid }) as const;

test("notes that a person has written about disks stay, and lines that Proxmox leaves in them go [D16]", async () => {
  const before = (await site.config(151))["description"];
  await site.backUp(151);
  // As a restore by hand leaves them.
  const left = `scsi2: ${(await site.config(151))["scsi2"] ?? ""}`;
  await site.client.guests.setGuestConfig(guest(151), { description: `${before ?? ""}\n${left}` });
  await site.backUp(151);
  const result = await site.lifeboat(["restore", "guest", "notes", "--force", "--stop"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect((await site.config(151))["description"]).toBe(before);
});

test("a copy says which disks it comes without [D7, D10]", async () => {
  const plan = await site.lifeboat(["restore", "guest", "notes", "--target-id", "951", "--dry-run"]);
  expect(plan.stdout).toContain("the copy comes without scsi2: no backup holds it");
});

test("paths that vzdump.conf leaves out are none of a machine's: nothing is asked about them [D7]", async () => {
  await site.backUp(152);
  await site.control({ command: "write", path: "/etc/vzdump.conf", content: "exclude-path: /var/cache\n" });
  const plan = await site.lifeboat(["restore", "guest", "plain", "--dry-run", "--json"]);
  await site.control({ command: "write", path: "/etc/vzdump.conf", content: "" });
  expect(plan.code).toBe(0);
  expect(plan.stdout).not.toContain("/var/cache");
});

test("a disk of the node itself is put back by root@pam, without whom nothing is begun [D7, D14]", async () => {
  const root = site.rootClient();
  const disk = "/dev/disk/by-id/ata-one,backup=0,size=4M";
  await root.guests.setGuestConfig(guest(153), { scsi5: disk });
  await root.close();
  await site.backUp(153);
  const before = await site.config(153);
  const refused = await site.lifeboat(["restore", "guest", "nas", "--force"]);
  expect([refused.code, refused.stderr]).toEqual([
    13,
    expect.stringContaining("only root@pam may put back: scsi5 (/dev/disk/by-id/ata-one)"),
  ]);
  expect(await site.config(153)).toEqual(before);
  const env = { LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE: site.sandbox.layout.rootPasswordFile };
  const result = await site.lifeboat(["restore", "guest", "nas", "--force"], { env: { ...site.env, ...env } });
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect((await site.config(153))["scsi5"]).toBe(before["scsi5"]);
});

test("what a died restore has left is never put back for a disk that is gone [D7, K4]", async () => {
  await site.writeDisk(154, "scsi0", "system");
  await site.backUp(154);
  const gone = (await site.config(154))["ide0"] ?? "";
  await site.destroy(154);
  const plan = await site.lifeboat(["restore", "guest", "again", "--dry-run"]);
  expect(plan.stdout).toMatch(/ide0 of again does not come back: no backup holds it/u);
  await site.fault("worker-killed", { type: "qmrestore", at: "extracted", times: "1" });
  expect((await site.lifeboat(["restore", "guest", "again", "--force"])).code).toBe(1);
  await site.clearFaults();
  // As `qm unlock` on the node.
  await site.control({ command: "write", path: `/etc/pve/nodes/${node}/qemu-server/154.conf`, content: "" });
  const result = await site.lifeboat(["restore", "guest", "again", "--force"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  const after = await site.config(154);
  expect([after["ide0"], await site.readDisk(154, "scsi0")]).toEqual([undefined, "system"]);
  // The died restore's disk took the name of the one that is gone.
  expect(Object.values(after)).toContain(gone.split(",")[0]);
  expect(result.stdout).toMatch(
    /unused1 of again \(local:154\/vm-154-disk-0\.qcow2\) .*\n +mend it with: .*qm set 154 --delete unused1/u,
  );
});

test("a disk that waits for the next start is a loss to be consented to, and stays unused [D7, D16]", async () => {
  await site.backUp(155);
  await site.client.guests.setGuestConfig(guest(155), { scsi3: "local:0.00390625,format=qcow2" });
  const [volume] = ((await site.config(155))["scsi3"] ?? "").split(",");
  expect(await site.client.guests.currentConfig(guest(155))).not.toHaveProperty("scsi3");
  const refused = await site.lifeboat(["restore", "guest", "waits", "--force", "--stop"]);
  expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining("the archive does not know scsi3")]);
  const result = await site.lifeboat(["restore", "guest", "waits", "--force", "--stop", "--accept-loss"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect((await site.config(155))["unused0"]).toBe(volume);
});
