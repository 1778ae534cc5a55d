import { machineStandIn } from "../../../../site/restore/machine-targets";

const archived = (...storages: readonly string[]) => ({
  keys: Object.fromEntries(
    storages.map((storage, index) => [`scsi${String(index)}`, `${storage}:vm-1-disk-0,size=1G`]),
  ),
  description: "",
  raw: [],
  snapshots: {},
  dumpedDisks: storages.map((storage, index) => ({ key: `scsi${String(index)}`, storage, format: "raw" })),
});

test("a machine goes to one other storage as a whole, or keeps all of its own: Proxmox knows nothing between [D14, H5]", () => {
  const standIns = new Map([
    ["local", "tank"],
    ["data", "tank"],
    ["fast", "ssd"],
  ]);
  expect(machineStandIn(archived("other", "more"), standIns)).toBeUndefined();
  expect(machineStandIn(archived("local", "data"), standIns)).toBe("tank");
  expect(machineStandIn(archived("local", "tank"), standIns)).toBe("tank");
  expect(machineStandIn(archived("local", "fast"), standIns)).toEqual({ several: ["tank", "ssd"] });
  expect(machineStandIn(archived("local", "other"), standIns)).toEqual({ several: ["tank", "other"] });
});
