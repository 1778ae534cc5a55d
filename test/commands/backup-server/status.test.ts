import { RestoreSite } from "../restore/restore-site";
import { serverStorage } from "../support/site/furnish";

/** Backups on a Proxmox Backup Server, as status sees them. */
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }], { storage: serverStorage });
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

/** The exit code, and what status says of the guest. */
async function problems(): Promise<readonly [number | null, string]> {
  const { code, stdout } = await site.lifeboat(["status", "prod", "--json"]);
  return [code, stdout];
}

test.each([
  ["verification-failed", "the backup server has verified it, and found: failed"],
  ["no-size", "the storage tells no size of it"],
])("a snapshot with %s counts as no backup, and is named: 3 [A10, D17]", async (fault, why) => {
  const volid = await site.backUp(101);
  expect((await problems())[1]).not.toContain("counts as no backup");
  await site.fault(fault, { volid });
  const [code, text] = await problems();
  expect([code, text.includes(`${volid} counts as no backup: ${why}`)]).toEqual([3, true]);
  expect((await site.lifeboat(["backups", "prod/web"])).stdout).toContain("doubtful: ");
});

test("a backup server that does not answer is told with its reason, and no backup counts as missing for it [K6]", async () => {
  await site.backUp(101);
  await site.fault("backup-server-unreachable");
  const [code, text] = await problems();
  expect(code).toBe(3);
  expect(text).toContain("error fetching datastores - 500 Can't connect to 192.0.2.30:8007 (No route to host)");
  expect(text).not.toContain("never backed up");
  const backups = await site.lifeboat(["backups", "prod/web"]);
  expect([backups.code, backups.stderr]).toEqual([14, expect.stringContaining("error fetching datastores")]);
});
