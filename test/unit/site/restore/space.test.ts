import { type GuestSpace, isTooSmall, mayFillUp, spaceNeeds } from "../../../../site/restore/space";

const gib = 1024 ** 3;

function guest(name: string, change: Partial<GuestSpace> = {}): GuestSpace {
  return {
    guest: name,
    node: "pve",
    archive: { bytes: 3 * gib, isPacked: true },
    volumes: [{ storage: "local", size: 8 * gib }],
    storages: [{ id: "local", type: "dir", shared: false, available: 10 * gib }],
    overwrites: false,
    ...change,
  };
}

test("a thin storage needs at least the packed archive, and at most the sizes of the volumes [D9]", () => {
  const [need] = spaceNeeds([guest("web")], 1);
  expect(need).toEqual({
    storage: "local",
    node: "pve",
    guests: ["web"],
    available: 10 * gib,
    atLeast: 3 * gib,
    sizes: 8 * gib,
    isExact: false,
  });
});

test("an archive over two storages: only what cannot be on the other one is certain [D9]", () => {
  const volumes = [
    { storage: "local", size: 2 * gib },
    { storage: "data", size: 20 * gib },
  ];
  const storages = ["local", "data"].map((id) => ({ id, type: "dir", shared: false, available: gib }));
  const needs = spaceNeeds([guest("web", { volumes, storages })], 1);
  expect(needs.map(({ storage, atLeast }) => [storage, atLeast])).toEqual([
    ["local", 0],
    ["data", gib],
  ]);
});

test("a storage that sets the whole size aside needs exactly that [D9]", () => {
  const storages = [{ id: "local", type: "lvm", shared: false, available: 7 * gib }];
  const [need] = spaceNeeds([guest("web", { storages })], 1);
  expect(need).toMatchObject({ atLeast: 8 * gib, sizes: 8 * gib, isExact: true });
  expect(need && isTooSmall(need)).toBe(true);
});

test("several guests sum up; of overwritten ones only as many as are restored at once [D9]", () => {
  const lost = guest("lost");
  const overwritten = ["a", "b", "c"].map((name) => guest(name, { overwrites: true }));
  const sizes = (parallel: number) => spaceNeeds([lost, ...overwritten], parallel)[0]?.sizes;
  expect([sizes(1), sizes(2), sizes(9)]).toEqual([16 * gib, 24 * gib, 32 * gib]);
});

test("a shared storage is one for all nodes, any other is each node's own [D9]", () => {
  const shared = [{ id: "local", type: "nfs", shared: true, available: gib }];
  expect(
    spaceNeeds([guest("a", { storages: shared }), guest("b", { node: "pve2", storages: shared })], 2),
  ).toHaveLength(1);
  expect(spaceNeeds([guest("a"), guest("b", { node: "pve2" })], 2)).toHaveLength(2);
});

test("room that is not enough once the volumes have filled up is said, and stops nothing [D9]", () => {
  const [tight, wide] = [5 * gib, 8 * gib].flatMap((available) => {
    const storages = [{ id: "local", type: "dir", shared: false, available }];
    return spaceNeeds([guest("web", { storages })], 1);
  });
  expect([tight && mayFillUp(tight), wide && mayFillUp(wide), tight && isTooSmall(tight)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("a folder without a limit has no size: what is certain is what the archive has [D9]", () => {
  const [need] = spaceNeeds([guest("web", { volumes: [{ storage: "local", size: 0 }] })], 1);
  expect(need).toMatchObject({ atLeast: 3 * gib, sizes: 3 * gib });
});

test("a backup server tells how large the volumes were: nothing of it is certain, and nothing that fits is refused [D9]", () => {
  const archive = { bytes: 100 * gib, isPacked: false };
  const volumes = [{ storage: "local", size: 100 * gib }];
  const [need] = spaceNeeds([guest("web", { archive, volumes })], 1);
  expect(need).toMatchObject({ atLeast: 0, sizes: 100 * gib });
  expect(need && [isTooSmall(need), mayFillUp(need)]).toEqual([false, true]);
});
