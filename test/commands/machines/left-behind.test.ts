import { requireSuccess } from "../support/kit";
import { MachineSite, node } from "./machine-site";

let site: MachineSite;

beforeAll(async () => {
  site = await MachineSite.start([
    { id: 143, name: "died" },
    { id: 144, name: "lost" },
    { id: 145, name: "moved" },
    { id: 146, name: "twice" },
    { id: 147, name: "full" },
    { id: 148, name: "early" },
  ]);
});

afterAll(() => site.stop());

const guest = (vmid: number) => ({ node, type: "qemu", vmid }) as const;

async function asRoot<Result>(work: (client: ReturnType<typeof site.rootClient>) => Promise<Result>): Promise<Result> {
  const client = site.rootClient();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Gives a machine's drive of cloud-init another place. */
async function moveSeed(vmid: number, key: string, to: string): Promise<void> {
  await site.halt(vmid);
  await asRoot(async ({ guests }) => {
    await guests.setGuestConfig(guest(vmid), { delete: "ide2" });
    await guests.setGuestConfig(guest(vmid), { [key]: `${to}:cloudinit` });
  });
  await site.start(vmid);
}

test.each([
  ["undo brings it back", "died", 143, ["undo", "died", "--force"]],
  ["the same command restores it", "twice", 146, ["restore", "guest", "twice", "--force", "--stop"]],
] as const)("a restore whose worker died keeps nobody from the next: %s [D6, K4]", async (_, name, vmid, argv) => {
  await site.writeDisk(vmid, "scsi0", "saved");
  await site.backUp(vmid);
  await site.writeDisk(vmid, "scsi0", "now");
  await site.fault("worker-killed", { type: "qmrestore", at: "extracted", times: "1" });
  const died = await site.lifeboat(["restore", "guest", name, "--force", "--stop"]);
  await site.clearFaults();
  expect(died.code).toBe(1);
  const back = await site.lifeboat(argv);
  expect(back.code === 0 ? "" : back.stderr).toBe("");
  expect([await site.readDisk(vmid, "scsi0"), await site.running(vmid)]).toEqual([
    argv[0] === "undo" ? "now" : "saved",
    true,
  ]);
  expect((await site.config(vmid))["ide2"]).toMatch(/^local:\d+\/vm-\d+-cloudinit/u);
});

test("what a restore has left that died is no guest to be saved: from another machine undo still finds the guest as it was [D6]", async () => {
  await site.writeDisk(144, "scsi0", "saved");
  await site.backUp(144);
  await site.writeDisk(144, "scsi0", "now");
  await site.fault("task-dies", { type: "qmrestore", at: "extracting", times: "1" });
  expect((await site.lifeboat(["restore", "guest", "lost", "--force", "--stop"])).code).toBe(1);
  await site.clearFaults();
  const env = { ...site.env, ...site.otherMachine() };
  const again = await site.lifeboat(["restore", "guest", "lost", "--force"], { env });
  expect(again.code === 0 ? "" : again.stderr).toBe("");
  expect(again.stderr).toMatch(
    /a restore that failed has left of lost; as it was before that: lifeboat undo prod\/lost/u,
  );
  expect(await site.readDisk(144, "scsi0")).toBe("saved");
  const undone = await site.lifeboat(["undo", "lost", "--force", "--stop"], {
    env: { ...site.env, ...site.otherMachine() },
  });
  expect(undone.code === 0 ? "" : undone.stderr).toBe("");
  expect(await site.readDisk(144, "scsi0")).toBe("now");
});

test("a cloud-init drive that has another key by now would fail the restore half-way: refused, with what to do [D7, D9]", async () => {
  await site.backUp(145);
  await moveSeed(145, "ide0", "local");
  const before = await site.config(145);
  const refused = await site.lifeboat(["restore", "guest", "moved", "--force", "--stop"]);
  expect(refused.code).toBe(13);
  expect(refused.stderr).toMatch(
    /the archive has the drive of cloud-init as ide2.*\nHINT: .*qm set 145 --delete ide0/u,
  );
  expect([await site.config(145), await site.running(145)]).toEqual([before, true]);
  await site.halt(145);
  await asRoot(({ guests }) => guests.setGuestConfig(guest(145), { delete: "ide0" }));
  const result = await site.lifeboat(["restore", "guest", "moved", "--force"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
});

test("an undo that fails says that the machine is no more whole than before, and may be repeated [D6]", async () => {
  await site.writeDisk(147, "scsi0", "saved");
  await site.backUp(147);
  await site.writeDisk(147, "scsi0", "now");
  await site.fault("storage-full", { storage: "data" });
  expect((await site.lifeboat(["restore", "guest", "full", "--force", "--stop"])).code).toBe(1);
  const failed = await site.lifeboat(["undo", "full", "--force"]);
  await site.clearFaults();
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("full is as incomplete as before")]);
  const back = await site.lifeboat(["undo", "full", "--force"]);
  expect(back.code === 0 ? "" : back.stderr).toBe("");
  expect(await site.readDisk(147, "scsi0")).toBe("now");
});

test("a start from before the node's clock was put back proves no guest whole that was overwritten since [D6, K1, K4]", async () => {
  await site.control({ command: "clock", offset: -12 * 3_600 });
  await site.writeDisk(148, "scsi0", "saved");
  requireSuccess(await site.client.tasks.wait(await site.client.backups.vzdump(node, 148, { storage: "backup" })));
  await site.writeDisk(148, "scsi0", "now");
  await site.fault("worker-killed", { type: "qmrestore", at: "extracted", times: "1" });
  expect((await site.lifeboat(["restore", "guest", "early", "--force", "--stop"])).code).toBe(1);
  await site.clearFaults();
  const back = await site.lifeboat(["undo", "early", "--force"]);
  expect(back.code === 0 ? "" : back.stderr).toBe("");
  expect([await site.readDisk(148, "scsi0"), await site.running(148)]).toEqual(["now", true]);
});
