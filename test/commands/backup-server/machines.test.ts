import { MachineSite, node } from "../machines/machine-site";
import { serverStorage } from "../support/site/furnish";

/** Backups of virtual machines on a Proxmox Backup Server. */
let site: MachineSite;

beforeAll(async () => {
  site = await MachineSite.start([{ id: 120, name: "db" }], undefined, serverStorage);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

test("in place, with a save point on the server, and back with undo [D1, D6]", async () => {
  await site.writeDisk(120, "scsi0", "saved");
  await site.writeDisk(120, "scsi1", "data");
  const archive = await site.backUp(120);
  expect(archive).toMatch(/^backup:backup\/vm\/120\/.*Z$/u);
  await site.writeDisk(120, "scsi0", "later");
  const result = await site.lifeboat(["restore", "guest", "db", "--force", "--stop"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect([await site.readDisk(120, "scsi0"), await site.readDisk(120, "scsi1"), await site.running(120)]).toEqual([
    "saved",
    "data",
    true,
  ]);
  const back = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect(back.code === 0 ? "" : back.stderr).toBe("");
  expect([await site.readDisk(120, "scsi0"), await site.running(120)]).toEqual(["later", true]);
});

test("beside, with another card and another address [D5, D10]", async () => {
  await site.backUp(120);
  const copied = await site.lifeboat(["restore", "guest", "db", "--target-id", "902", "--force"]);
  expect(copied.code === 0 ? "" : copied.stderr).toBe("");
  expect((await site.config(902))["net0"]).not.toBe((await site.config(120))["net0"]);
  expect(await site.readDisk(902, "scsi1")).toBe("data");
  await site.destroy(902);
});

test("a snapshot whose data is damaged is named once the server has verified it, and the one before is chosen [D2, D17]", async () => {
  const good = await site.backUp(120);
  const bad = await site.backUp(120);
  await site.fault("archive-flipped", { volid: bad, node });
  await site.control({ command: "verify-snapshots" });
  const plan = await site.lifeboat(["restore", "guest", "db", "--dry-run", "--json"]);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    plan: { archive: { volid: good }, warnings: [expect.stringContaining(`${bad} (`)] },
  });
});
