import { compareDisks } from "../../../../site/changes/compare-disks";
import { replacements } from "../../../../site/changes/replacements";
import { slotLines } from "../../../../site/changes/slot-lines";
import type { ContainerGuest } from "../../../../site/settings/environment";
import { containerOf, exampleContainer, liveConfiguration } from "../../../support/example-environment";

const { disks } = exampleContainer();

function withDisks(changes: Readonly<Record<string, unknown>>): ContainerGuest {
  const all = { ...disks, ...changes };
  return containerOf({ disks: Object.fromEntries(Object.entries(all).filter(([, disk]) => disk !== undefined)) });
}

function found(guest: ContainerGuest, configuration = liveConfiguration(), pool?: string): string[] {
  const live = { configuration, running: true, pool };
  return replacements({ environment: "prod", guest }, live).map(({ text, way }) => `${text} → ${way}`);
}

test("a container as the provider makes it agrees with its settings [A11]", () => {
  expect(compareDisks(containerOf(), liveConfiguration())).toEqual([]);
  expect(found(containerOf())).toEqual([]);
});

test("a disk that is to grow: what is there, what is wanted, and the way [A11]", () => {
  expect(found(withDisks({ data: { ...disks.data, size: "30GiB" } }))).toEqual([
    'disk data (mp0) has 20GiB, 30GiB is wanted → lifeboat grow prod/web; then eval "$(lifeboat env prod)" && pulumi up --refresh -s prod',
  ]);
});

test("the root disk grows in place, and cannot be made smaller or moved [A11]", () => {
  expect(found(containerOf({ root: { storage: "local", size: "9GiB" } }))).toEqual([]);
  expect(found(containerOf({ root: { storage: "local", size: "4GiB" } }))).toEqual([
    "the root disk (rootfs) has 8GiB, 4GiB is wanted → a disk cannot be made smaller: write `size: 8GiB`",
  ]);
  expect(found(containerOf({ root: { storage: "data", size: "8GiB" } }))[0]).toContain(
    "run pct move-volume 101 rootfs data",
  );
  // The provider sees whole GiB only.
  expect(found(containerOf(), liveConfiguration({ rootfs: "local:101/vm-101-disk-0.raw,size=8600M" }))).toEqual([]);
});

test.each([
  ["smaller", { ...disks.data, size: "10GiB" }, /has 20GiB, 10GiB is wanted → .*write `size: 20GiB`/u],
  [
    "on another storage",
    { ...disks.data, storage: "data" },
    /on storage local, data is wanted → write `storage: local`/u,
  ],
  ["gone from the settings", undefined, /disk mp0 \(local:101\/vm-101-disk-1\.raw at \/srv\) is there/u],
  [
    "a folder in its place",
    { mount: "/srv", bind: "/tank", protectedBy: "zfs" },
    /\(mp0\) is local:101\/.*, \/tank is wanted/u,
  ],
])("a disk that is to be %s is refused with the way [A11]", (_, data, text) => {
  expect(found(withDisks({ data }))).toContainEqual(expect.stringMatching(text));
});

test("a disk that somebody has grown by hand to no whole GiB cannot be declared: it has to grow on [A11]", () => {
  const mp0 = "local:101/vm-101-disk-1.raw,mp=/srv,backup=1,size=20992M";
  expect(found(containerOf(), liveConfiguration({ mp0 }))[0]).toContain("write the next size in whole GiB");
});

test("a disk that is in no settings is named with the line that declares it, and how to take it out [A11]", () => {
  const mp2 = "local:101/vm-101-disk-2.raw,mp=/opt/logs,size=5G";
  const [line] = found(containerOf(), liveConfiguration({ mp2 }));
  expect(line).toContain("`NAME: { mount: /opt/logs, slot: 2, storage: local, size: 5GiB }`");
  expect(line).toContain("pct set 101 --delete mp2");
});

test("a folder of the node that is another one [A11]", () => {
  const media = { mount: "/zmedia", bind: "/tank/media", protectedBy: "replication" };
  const live = liveConfiguration({ mp2: "/tank/old,mp=/zmedia" });
  expect(found(withDisks({ media }), live)).toEqual([
    expect.stringMatching(/^disk media \(mp2\) is \/tank\/old, \/tank\/media/u),
  ]);
  expect(found(withDisks({ media }))).toEqual([expect.stringMatching(/pct set 101 --mp2 \/tank\/media,mp=\/zmedia/u)]);
});

test("the pool and what else replaces a guest [A11]", () => {
  expect(found(containerOf({ pool: "prod" }))).toEqual([
    "it is in no pool, prod is wanted → move it on the node: pvesh set /pools/prod --vms 101 --allow-move 1",
  ]);
  expect(found(containerOf(), liveConfiguration(), "lab")[0]).toContain("pvesh set /pools/lab --vms 101 --delete 1");
  expect(found(containerOf(), liveConfiguration({ template: "1" }))[0]).toContain("it was made a template");
});

describe("the number of a new disk", () => {
  const logs = { mount: "/opt/logs", storage: "local", size: "5GiB" };

  test("behind the others: nothing to write, lifeboat grow adds it [A11]", () => {
    const guest = withDisks({ zlogs: { ...logs, mount: "/zopt" } });
    expect(compareDisks(guest, liveConfiguration())).toEqual([expect.objectContaining({ kind: "missing", slot: 2 })]);
    expect(found(guest)).toEqual([
      'disk zlogs is not there, 5GiB on local at /zopt is wanted → lifeboat grow prod/web; then eval "$(lifeboat env prod)" && pulumi up --refresh -s prod',
    ]);
  });

  test("before the others: one line keeps theirs [A11]", () => {
    const guest = withDisks({ logs });
    expect(slotLines(guest, liveConfiguration())).toEqual([{ disk: "logs", slot: 2 }]);
    expect(found(guest)).toContain(
      "disks would change their numbers: data is mp0 and would become mp1, cache is mp1 and would become mp2" +
        " → write `slot: 2` in disks.logs",
    );
    expect(found(withDisks({ logs: { ...logs, slot: 2 } }))).toEqual([
      expect.stringMatching(/^disk logs is not there/u),
    ]);
  });

  test("where the others have their numbers by hand, every one is said [A11]", () => {
    const live = liveConfiguration({
      mp0: "data:101/vm-101-disk-0.raw,mp=/var/cache/app,size=10G",
      mp1: "local:101/vm-101-disk-1.raw,mp=/srv,backup=1,size=20G",
    });
    expect(slotLines(withDisks({ logs }), live)).toEqual([
      { disk: "cache", slot: 0 },
      { disk: "data", slot: 1 },
      { disk: "logs", slot: 2 },
    ]);
  });

  test("a gap, and a disk that would hide another, cannot be mended by lines [A11]", () => {
    const gap = liveConfiguration({ mp1: undefined, mp2: "data:101/vm-101-disk-0.raw,mp=/var/cache/app,size=10G" });
    expect(slotLines(containerOf(), gap)).toBeUndefined();
    expect(found(containerOf(), gap)).toEqual([
      expect.stringMatching(/cache is mp2 and would become mp1 → .*fill gaps/u),
    ]);
    const above = withDisks({
      data: undefined,
      deep: { ...disks.data, mount: "/srv/deep" },
      up: { ...logs, mount: "/srv" },
    });
    const live = liveConfiguration({ mp0: "local:101/vm-101-disk-1.raw,mp=/srv/deep,backup=1,size=20G" });
    expect(slotLines(above, live)).toBeUndefined();
  });
});

test("a disk that is only mounted elsewhere is the same disk [A11]", () => {
  const guest = withDisks({ data: { ...disks.data, mount: "/data" } });
  expect(compareDisks(guest, liveConfiguration())).toEqual([
    expect.objectContaining({ kind: "mount", key: "mp0", found: "/srv" }),
  ]);
  expect(found(guest)).toEqual([]);
  const slashes = liveConfiguration({ mp0: "local:101/vm-101-disk-1.raw,mp=srv/,backup=1,size=20G" });
  expect(compareDisks(containerOf(), slashes)).toEqual([]);
});
