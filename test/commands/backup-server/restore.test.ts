import { isSavePoint } from "../../../site/restore/save-point";
import { node, RestoreSite } from "../restore/restore-site";
import { serverStorage } from "../support/site/furnish";

/** Backups of containers on a Proxmox Backup Server: made, listed, chosen, restored, taken back. */
let site: RestoreSite;

const fingerprint = Array.from({ length: 32 }, () => "12").join(":");
const key = JSON.stringify({ kdf: null, data: "AAAA", fingerprint });
const restore = ["restore", "guest", "web", "--force", "--stop"];

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }], { storage: serverStorage, retention: "keep-last=1" });
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

async function memory(): Promise<string | undefined> {
  return (await site.client.guests.guestConfig({ node, type: "lxc", vmid: 101 }))["memory"];
}

async function setMemory(megabytes: number): Promise<void> {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 101 }, { memory: megabytes });
}

/** As an administrator of Proxmox. */
async function setStorage(options: Record<string, string>): Promise<void> {
  const root = site.rootClient();
  await root.put(["storage", "backup"], options);
  await root.close();
}

test("lifeboat backup makes a snapshot, which the list shows; compression is the server's own [D2]", async () => {
  const made = await site.lifeboat(["backup", "web", "--force", "--json"]);
  expect([made.code, made.stdout]).toEqual([
    0,
    expect.stringMatching(/backup:backup\/ct\/101\/\d{4}-\d\d-\d\dT[\d:]+Z/u),
  ]);
  const listed = await site.lifeboat(["backups", "web", "--json"]);
  expect(JSON.parse(listed.stdout)).toMatchObject({
    backups: [{ storage: "backup", doubt: null, verification: null, encrypted: false, protected: false }],
    unsearched: [],
  });
});

test("what the server has verified is listed as such, with its time, and the plan says so in place of reading it [D2, D9]", async () => {
  await site.backUp(101);
  const before = await site.lifeboat([...restore.slice(0, 3), "--dry-run"]);
  expect(before.stdout.replaceAll(/\s+/gu, " ")).toContain(
    "no node can read what lies on a backup server; the backup server has not verified it yet (on the backup server: proxmox-backup-manager verify main, or a verify job there)",
  );
  await site.control({ command: "verify-snapshots" });
  const listed = await site.lifeboat(["backups", "web", "--json"]);
  expect(JSON.parse(listed.stdout).backups[0]).toMatchObject({
    verification: { state: "ok", time: expect.any(Number) },
    doubt: null,
  });
  expect((await site.lifeboat(["backups", "web"])).stdout).toContain("verified");
  const plan = await site.lifeboat([...restore.slice(0, 3), "--dry-run"]);
  expect(plan.stdout.replaceAll(/\s+/gu, " ")).toMatch(
    /the backup server has verified it on \S+ \S+, and found it whole/u,
  );
});

test("in place: the save point lies on the server, protected, and costs no snapshot although one is kept; undo brings it back [D1, D6]", async () => {
  await setMemory(512);
  const archive = await site.backUp(101);
  await setMemory(640);
  const done = await site.lifeboat(restore);
  expect([done.code, await memory(), await site.running(101)]).toEqual([0, "512", true]);
  const [savePoint, ...older] = await site.archives(101);
  expect([savePoint?.protected, isSavePoint(savePoint?.notes ?? "")]).toEqual([true, true]);
  expect(older.find(({ volid }) => volid === archive)?.protected).toBe(false);
  const undone = await site.lifeboat(["undo", "web", "--force", "--stop"], { env: site.otherMachine() });
  expect([undone.code, await memory(), await site.running(101)]).toEqual([0, "640", true]);
});

test("beside: the copy has the archive's data and another card, the original is left alone [D5, D10]", async () => {
  await setMemory(512);
  await site.backUp(101);
  const copied = await site.lifeboat(["restore", "guest", "web", "--target-id", "901", "--force"]);
  expect([copied.code, await site.exists(901), await site.running(101)]).toEqual([0, true, true]);
  const disk = (await site.volumeOf(901, "rootfs")).replace(/^local:/u, "local:");
  expect(site.readGuestFile(disk, "etc/marker")).toBe("web root\n");
  await site.destroy(901);
});

test("room is needed for the disks, and none on the server: what fits is not refused for the size that it tells [D9]", async () => {
  await site.backUp(101);
  await setStorage({ "prune-backups": "keep-all=1" });
  const plan = await site.lifeboat([...restore.slice(0, 3), "--dry-run", "--json"]);
  const { space } = JSON.parse(plan.stdout).plan;
  expect(space.map(({ storage, atLeast }: { storage: string; atLeast: number }) => [storage, atLeast])).toEqual([
    ["local", 0],
    ["data", 0],
  ]);
});

test("one that failed its verification is never chosen by itself, the one before is; named, it is restored [D2, D17]", async () => {
  await setMemory(512);
  const good = await site.backUp(101);
  await setMemory(640);
  const bad = await site.backUp(101);
  await site.fault("verification-failed", { volid: bad });
  const listed = await site.lifeboat(["backups", "web", "--json"]);
  expect(JSON.parse(listed.stdout).backups[0]).toMatchObject({
    archive: bad,
    doubt: "the backup server has verified it, and found: failed",
    verification: { state: "failed", time: expect.any(Number) },
  });
  const plan = await site.lifeboat([...restore.slice(0, 3), "--dry-run", "--json"]);
  expect(JSON.parse(plan.stdout)).toMatchObject({ plan: { archive: { volid: good } } });
  const named = await site.lifeboat([...restore, "--archive", bad]);
  expect([named.code, await memory()]).toEqual([0, "640"]);
});

test("an encrypted one whose key the storage has not is refused before anything is touched, and named: 13 [D9, K1]", async () => {
  await setStorage({ "encryption-key": key });
  const archive = await site.backUp(101);
  expect((await site.lifeboat(["backups", "web"])).stdout).toContain("encrypted");
  await setStorage({ delete: "encryption-key" });
  const before = await site.picture(101);
  const refused = await site.lifeboat(restore);
  expect([refused.code, refused.stderr]).toEqual([
    13,
    expect.stringContaining(
      `${archive} cannot be opened: it is encrypted with the key 12:12:12:12:12:12:12:12, and storage backup has no key`,
    ),
  ]);
  expect(refused.stderr).toContain(
    "HINT: give it the key from where you keep it, on a node: pvesm set backup --encryption-key FILE",
  );
  await setStorage({ "encryption-key": key.replaceAll("12:", "34:") });
  expect((await site.lifeboat(restore)).stderr).toContain("and storage backup has another: 34:34:34:34:34:34:34:34");
  await setStorage({ "encryption-key": key });
  expect(await site.picture(101)).toEqual(before);
  expect((await site.lifeboat(restore)).code).toBe(0);
});

test("a server that does not answer is unknown and not empty: nothing is chosen elsewhere, nothing touched: 14 [D3, K6]", async () => {
  const before = await site.picture(101);
  await site.fault("backup-server-unreachable");
  const refused = await site.lifeboat(restore);
  expect([refused.code, refused.stderr]).toEqual([
    14,
    expect.stringContaining("error fetching datastores - 500 Can't connect to"),
  ]);
  const backup = await site.lifeboat(["backup", "web", "--force"]);
  expect([backup.code === 0, backup.stderr]).toEqual([false, expect.stringContaining("error fetching datastores")]);
  await site.clearFaults();
  expect(await site.picture(101)).toEqual(before);
});

test("lifeboat verify tells what the server has found: not verified yet, whole, damaged with its guest [G1]", async () => {
  const archive = await site.backUp(101);
  const verify = async () => {
    const { code, stdout } = await site.lifeboat(["verify", "prod", "--archives", "--json"]);
    const rows: { archive: string }[] = JSON.parse(stdout).environments[0].archives;
    return [code, rows.find((row) => row.archive === archive)];
  };
  const notYet =
    "the backup server has not verified it yet (on the backup server: proxmox-backup-manager verify main, or a verify job there)";
  expect(await verify()).toEqual([3, expect.objectContaining({ guest: "web", result: "unseen", problems: [notYet] })]);
  await site.control({ command: "verify-snapshots" });
  expect((await verify())[1]).toMatchObject({ guest: "web", result: "whole", problems: [] });
  await site.fault("archive-flipped", { volid: archive, node });
  await site.control({ command: "verify-snapshots" });
  expect(await verify()).toEqual([
    3,
    expect.objectContaining({
      result: "damaged",
      problems: [expect.stringMatching(/^the backup server has verified it on \S+ \S+, and found: failed$/u)],
    }),
  ]);
});
