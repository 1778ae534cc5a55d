import { rollbackChanges } from "../../../../site/restore/rollback-changes";

test("what goes back with the disks, and what is taken off; what Proxmox keeps is no change [D12]", () => {
  const present = {
    rootfs: "thin:vm-101-disk-0,size=8G",
    mp0: "thin:vm-101-disk-1,mp=/srv,size=1G",
    memory: "1024",
    tags: "web",
    description: "new",
    parent: "second",
    digest: "a",
    unused0: "thin:vm-101-disk-9",
  };
  const snapshot = {
    rootfs: "thin:vm-101-disk-0,size=8G",
    memory: "512",
    swap: "0",
    snaptime: "1",
    description: "old",
  };
  expect(rollbackChanges(present, snapshot)).toEqual({
    keys: [
      { key: "memory", from: "1024", to: "512" },
      { key: "swap", from: undefined, to: "0" },
      { key: "tags", from: "web", to: undefined },
    ],
    detached: ["mp0"],
  });
});
