import { tracesOf } from "../../../../../../scripts/recovery/steps/guest/id-traces";
import { type AnsweringNode, startAnsweringNode } from "../../../../proxmox/api/answering-node";

/** What the node answers, by path; anything else is not allowed. */
let answers: Record<string, unknown>;
let node: AnsweringNode;

// A client of its own for each: what a credential may do is asked once for one plan.
beforeEach(async () => {
  node = await startAnsweringNode(() => answers);
  answers = {
    "/nodes": [
      { node: "pve", status: "online" },
      { node: "pve2", status: "offline" },
    ],
    "/access/permissions": { "/vms/901": { "VM.Backup": 1 }, "/storage/fast": { "Datastore.Allocate": 1 } },
    "/cluster/backup": [{ id: "hand", type: "vzdump", all: 1, exclude: "900,901" }],
    "/cluster/ha/resources": [{ sid: "vm:901" }, { sid: "ct:9010" }],
    "/cluster/replication": [
      { id: "901-0", guest: 901, target: "pve3" },
      { id: "902-0", guest: 902, target: "pve3" },
    ],
    "/nodes/pve/storage": [
      { storage: "fast", type: "zfspool", content: "rootdir", active: 1, enabled: 1 },
      { storage: "nas", type: "nfs", content: "backup", active: 0, enabled: 1, shared: 1 },
    ],
    "/nodes/pve/storage/fast/content": [{ volid: "fast:subvol-901-disk-0", content: "rootdir", vmid: 901 }],
  };
});

afterEach(() => node.stop());

const nobody = { owners: new Map<number, string>(), isForDrills: () => false, unreadable: [] };

it("an id is known by jobs that name it, high availability, replication and disks that are left; what is not seen is said [D10]", async () => {
  expect(await tracesOf(node.client, { node: "pve", vmid: 901 }, nobody)).toEqual({
    known: [
      "backup job hand names it",
      "high availability has a resource vm:901",
      "replication job 901-0 to pve3",
      "disk fast:subvol-901-disk-0 has its number",
    ],
    unknown: ["storage nas is not active"],
    elsewhere: ["node pve2 is offline"],
  });
  expect(await tracesOf(node.client, { node: "pve2", vmid: 901 }, nobody)).toMatchObject({
    unknown: ["node pve2 is offline", "storage nas is not active"],
    elsewhere: [],
  });
});

it("what may not be read is not known, which is not the same as none [D10, K6]", async () => {
  answers = { ...answers, "/access/permissions": { "/vms/901": {} } };
  for (const path of ["/cluster/backup", "/cluster/ha/resources", "/nodes/pve/storage/fast/content"]) {
    answers[path] = undefined;
  }
  const { known, unknown } = await tracesOf(
    node.client,
    { node: "pve", vmid: 901 },
    { ...nobody, owners: new Map([[901, "lab/x"]]), unreadable: ["test"] },
  );
  expect(known).toEqual(["lab/x has it in the settings", "replication job 901-0 to pve3"]);
  expect(unknown).toEqual([
    "the settings of test cannot be read",
    expect.stringContaining("the backup jobs cannot be read"),
    expect.stringContaining("high availability cannot be read"),
    "archives of it cannot be seen (VM.Backup on /vms/901)",
    "disks on fast of pve cannot be seen (Datastore.Audit on /storage/fast)",
    expect.stringContaining("storage fast of pve could not be listed"),
    "storage nas is not active",
  ]);
});
