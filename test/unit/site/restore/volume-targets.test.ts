import * as fc from "fast-check";
import { volumeTargets } from "../../../../site/restore/volume-targets";

const gibibyte = 1024 ** 3;
const archived = {
  rootfs: "local:101/vm-101-disk-0.raw,size=8G",
  mp0: "data:101/vm-101-disk-0.raw,mp=/srv,acl=1,backup=1,ro=0,size=20G",
  mp1: "local:101/vm-101-disk-1.raw,mp=/cache,size=512M",
};

it("every volume returns to its own storage at its own size, with its options [D14]", () => {
  const { parameters, targets, problems } = volumeTargets(archived);
  expect(problems).toEqual([]);
  expect(parameters["rootfs"]).toBe("local:8");
  expect(parameters["mp0"]).toMatch(/^data:20,mp=\/srv,/);
  expect(parameters["mp0"]).toMatch(/,acl=1(,|$)/);
  expect(parameters["mp0"]).toMatch(/,backup=1(,|$)/);
  expect(parameters["mp0"]).not.toMatch(/size=/);
  expect(parameters["mp1"]).toBe("local:0.5,mp=/cache");
  expect(targets.map(({ key, storage, size, filled }) => [key, storage, size / gibibyte, filled])).toEqual([
    ["rootfs", "local", 8, true],
    ["mp0", "data", 20, true],
    ["mp1", "local", 0.5, false],
  ]);
});

it("storages of another node stand for those of the archive, and not for those of the guest that is there [D14, H5]", () => {
  const storages = new Map([["local", "tank"]]);
  const placesOf = (wanted?: Record<string, string>) =>
    volumeTargets(archived, { storages, wanted }).targets.map(({ storage }) => storage);
  expect(placesOf()).toEqual(["tank", "data", "tank"]);
  expect(placesOf({ rootfs: "local:101/vm-101-disk-0.raw,size=8G" })).toEqual(["local", "data", "tank"]);
});

it("one storage takes them all where it is asked for [D14]", () => {
  const { targets } = volumeTargets(archived, { storage: "big" });
  expect(targets.map(({ storage }) => storage)).toEqual(["big", "big", "big"]);
});

it("what the guest has now decides where a volume goes; its size never falls below the archive's [D14]", () => {
  const wanted = {
    rootfs: "fast:101/vm-101-disk-5.raw,size=4G",
    mp3: "fast:101/vm-101-disk-6.raw,mp=/srv,backup=1,size=40G",
    mp4: "fast:101/vm-101-disk-7.raw,mp=/new,size=1G",
  };
  const { parameters } = volumeTargets(archived, { wanted });
  expect(parameters["rootfs"]).toBe("fast:8");
  expect(parameters["mp0"]).toMatch(/^fast:40,mp=\/srv/);
  expect(parameters["mp4"]).toBeUndefined();
  const made = volumeTargets(archived, { wanted, makeMissing: true });
  expect(made.parameters["mp4"]).toBe("fast:1,mp=/new");
  expect(made.targets.at(-1)).toMatchObject({ key: "mp4", filled: false });
});

it("a volume without a limit stays one, and a folder of the node is sent as it is [D14]", () => {
  const { parameters } = volumeTargets({
    rootfs: "local:101/subvol-101-disk-0.subvol,size=0T",
    mp0: "/tank/media,mp=/media,ro=1",
  });
  expect(parameters["rootfs"]).toBe("local:0");
  expect(parameters["mp0"]).toBe("/tank/media,mp=/media,ro=1");
});

it("says what keeps a request from being made [D14]", () => {
  expect(volumeTargets({ mp0: archived.mp0 }).problems).toEqual(["the archive's configuration has no root disk"]);
  expect(volumeTargets({ rootfs: "local:101/vm-101-disk-0.raw" }).problems).toEqual([
    "the size of rootfs (/) is recorded neither in the archive nor in the guest",
  ]);
});

it("all or none: every volume of the archive is in the request, and none shrinks [D14]", () => {
  const bytes = fc.integer({ min: 1, max: 4 * gibibyte });
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 6 }), bytes, (sizes, root) => {
      const keys = Object.fromEntries(
        sizes.map((size, index) => [`mp${index}`, `local:101/d${index}.raw,mp=/m${index},size=${size}`]),
      );
      const { parameters } = volumeTargets({ rootfs: `local:101/r.raw,size=${root}`, ...keys });
      for (const [key, size] of [["rootfs", root] as const, ...sizes.map((size, i) => [`mp${i}`, size] as const)]) {
        const asked = Number(/^local:([\d.]+)/.exec(parameters[key] ?? "")?.[1]);
        // Proxmox rounds down to whole MiB.
        expect(Math.floor(asked * 1024) * 1024 ** 2).toBeGreaterThanOrEqual(size);
      }
    }),
  );
});
