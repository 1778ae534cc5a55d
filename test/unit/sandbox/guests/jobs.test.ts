import { TestSite } from "./support";

let site: TestSite;

beforeEach(async () => {
  site = await TestSite.open();
  await site.create(101);
});

afterEach(() => site.close());

const JOB = { id: "nightly", schedule: "daily", vmid: "101" };

test.each<[what: string, sent: Record<string, string>, stored: Record<string, unknown>]>([
  ["nothing of what is empty", { mailto: "", comment: " x " }, { comment: "x" }],
  [
    "keep-all for a retention that keeps nothing",
    { "prune-backups": "keep-last=0" },
    { "prune-backups": { "keep-all": 1 } },
  ],
  ["keep-all for an empty retention", { "prune-backups": "" }, { "prune-backups": { "keep-all": 1 } }],
  [
    "counts alone beside a switched off keep-all",
    { "prune-backups": "keep-all=0,keep-last=2,keep-daily=0" },
    { "prune-backups": { "keep-last": "2", "keep-daily": "0" } },
  ],
])("a job gives back %s", async (_, sent, stored) => {
  await site.call("POST", "/cluster/backup", { ...JOB, ...sent });
  expect(await site.call("GET", "/cluster/backup/nightly")).toEqual({ ...JOB, type: "vzdump", enabled: 1, ...stored });
  await site.call("PUT", "/cluster/backup/nightly", { schedule: "weekly", ...sent });
  expect(await site.call("GET", "/cluster/backup/nightly")).toEqual({
    ...JOB,
    schedule: "weekly",
    type: "vzdump",
    enabled: 1,
    ...stored,
  });
});

test("a job's value is one line", async () => {
  const refusal = { status: 500, message: "property contains a line feed" };
  expect(await site.refusal("POST", "/cluster/backup", { ...JOB, comment: "a\nb" })).toMatchObject(refusal);
  await site.call("POST", "/cluster/backup", JOB);
  expect(await site.refusal("PUT", "/cluster/backup/nightly", { comment: "a\nb" })).toMatchObject(refusal);
});

test.each([
  [{ dumpdir: "/nowhere" }, "dumpdir '/nowhere' does not exist"],
  [{ storage: "local", tmpdir: "/nowhere/" }, "tmpdir '/nowhere' does not exist"],
  [{ storage: "local", dumpdir: "/tmp" }, "cannot use options 'storage' and 'dumpdir' at the same time"],
])("a run with %j ends with the reason", async (sent, status) => {
  expect(await site.task("POST", "/nodes/pve/vzdump", { vmid: 101, ...sent })).toMatchObject({ status });
});

test("what a run does unless told otherwise is printed in the order of names, and for storages of backups only", async () => {
  await site.call("PUT", "/storage/local", { "prune-backups": "keep-weekly=1,keep-last=2" });
  expect(await site.call("GET", "/nodes/pve/vzdump/defaults")).toMatchObject({
    "prune-backups": "keep-last=2,keep-weekly=1",
  });
  expect(await site.refusal("GET", "/nodes/pve/vzdump/defaults", { storage: "files" })).toMatchObject({
    message: "can't use storage 'files' for backups - wrong content type",
  });
});
