import { oldDiskProblems } from "../../../../../scripts/inspect/status/old-disks";

const found = { node: "pve2", disks: ["local:101/vm-101-disk-0.raw"] };
const text = "pve2 has old disks of it (local:101/vm-101-disk-0.raw), and it is on pve1";

test("a node that was not restarted since may run the guest still; of one that was, only its disks are told [H5]", () => {
  expect(oldDiskProblems([{ ...found, mayRun: true }], "pve1")).toEqual([
    `${text}; pve2 was not restarted since, and if it was only cut off it may run it still: docs/runbooks/node-lost.md`,
  ]);
  expect(oldDiskProblems([{ ...found, mayRun: false }], "pve1")).toEqual([`${text}: docs/runbooks/node-lost.md`]);
  expect(oldDiskProblems(undefined, "pve1")).toEqual([]);
});
