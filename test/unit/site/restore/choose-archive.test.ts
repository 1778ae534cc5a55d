import * as fc from "fast-check";
import { type ArchiveWish, chooseArchive, type ListedArchive } from "../../../../site/restore/choose-archive";
import { formatMoment, MomentError, parseMoment } from "../../../../site/restore/moments";

const context = { vmid: 101, type: "lxc", timeZone: "UTC", now: Date.UTC(2026, 11, 1) / 1000 } as const;
const newest: ArchiveWish = { kind: "newest" };

/** An archive of guest 101, made at 01:00 UTC on a day of November 2026. */
function archive(
  day: number,
  changes: Partial<ListedArchive> & { storage?: string; vmid?: number } = {},
): ListedArchive {
  const { storage = "backup", vmid = 101, ...rest } = changes;
  const date = `2026_11_${String(day).padStart(2, "0")}`;
  return {
    volid: `${storage}:backup/vzdump-lxc-${vmid}-${date}-01_00_00.tar.zst`,
    type: "lxc",
    size: 1_000,
    time: Date.UTC(2026, 10, day, 1) / 1000,
    notes: "web",
    ...rest,
  };
}

describe("the newest", () => {
  it("is found over several storages, whatever their order [D2, 004 US1.2]", () => {
    const archives = [archive(3), archive(7, { storage: "offsite" }), archive(5)];
    const choice = chooseArchive(archives, newest, context);
    expect(choice.chosen).toBe(archives[1]);
    expect(choice.newest).toEqual([archives[1], archives[2], archives[0]]);
    expect(choice.older[0]).toBe(archives[2]);
    expect(choice.reason).toBe("it is the newest backup");
  });

  it("is never a save point, an empty file, another guest's, or one of a strange name [D2]", () => {
    const real = archive(3);
    const others = [
      archive(4, { notes: "lifeboat save point 101-x" }),
      archive(5, { size: 0 }),
      archive(6, { vmid: 1010 }),
      archive(7, { volid: "backup:backup/by-hand.tar.zst" }),
      archive(8, { type: "qemu" }),
    ];
    const choice = chooseArchive([...others, real], newest, context);
    expect(choice.chosen).toBe(real);
    expect(choice.newest).toEqual([real]);
    expect(choice.leftOut.map(({ reason }) => reason)).toEqual([
      "it is of a virtual machine, and 101 is a container",
      "its name is not one that Proxmox gives, so its age is not certain",
      "it is an archive of guest 1010",
      "it is empty",
      "it is a save point, which is restored by undo or by its name",
    ]);
  });

  it.each([
    ["a failed verification", { verification: "failed" }, "the backup server has verified it, and found: failed"],
    ["no size", { size: undefined }, "the storage tells no size of it, so that it may not be whole"],
    [
      "a date later than the node's clock",
      { time: Date.UTC(2026, 11, 1) / 1000 + 1 },
      "it is dated 2026-12-01 00:00:01, later than the node's clock (2026-12-01 00:00:00), so its age is not certain",
    ],
  ])("is never one with %s, which is told, and taken by its name [D2, D17]", (_, changes, reason) => {
    const [real, doubtful] = [archive(3), archive(9, changes)];
    const choice = chooseArchive([doubtful, real], newest, context);
    expect([choice.chosen, choice.newest, choice.leftOut]).toEqual([
      real,
      [real],
      [{ archive: doubtful, reason, doubtful: true }],
    ]);
    expect(choice.warnings).toEqual([expect.stringContaining(`is newer and left out: ${reason}`)]);
    const later: ArchiveWish = { kind: "at", time: Date.UTC(2027, 0) / 1000 };
    expect(chooseArchive([doubtful, real], later, context).chosen).toBe(real);
    expect(chooseArchive([doubtful], newest, context)).toMatchObject({
      chosen: undefined,
      reason: `there is no backup of guest 101 that could be chosen by its date (1 archive left out: ${reason})`,
    });
    const named = chooseArchive([doubtful, real], { kind: "named", volid: doubtful.volid }, context);
    expect([named.chosen, named.warnings]).toEqual([doubtful, [`${doubtful.volid}: ${reason}`]]);
  });

  it("is compared in size with one that is measured alike [D2]", () => {
    const onServer = archive(4, { volid: "pbs:backup/ct/101/2026-11-04T01:00:00Z", size: 100_000 });
    expect(chooseArchive([onServer, archive(5)], newest, context).warnings).toEqual([]);
    const half = archive(6, { volid: "pbs:backup/ct/101/2026-11-06T01:00:00Z", size: 40_000 });
    expect(chooseArchive([onServer, half], newest, context).warnings).toEqual([expect.stringContaining("40 %")]);
  });

  it("is missing where there is none, and where all are left out [D2]", () => {
    expect(chooseArchive([], newest, context)).toMatchObject({
      chosen: undefined,
      reason: "there is no archive of guest 101",
    });
    const choice = chooseArchive([archive(4, { notes: "lifeboat save point a" })], newest, context);
    expect(choice).toMatchObject({ chosen: undefined, newest: [] });
    expect(choice.reason).toContain("1 archive left out");
  });

  it("warns when it is less than half of the one before [D2]", () => {
    const small = chooseArchive([archive(3), archive(4, { size: 499 })], newest, context);
    expect(small.warnings).toEqual([expect.stringContaining("has 49 % of the size of the backup before it")]);
    expect(chooseArchive([archive(3), archive(4, { size: 500 })], newest, context).warnings).toEqual([]);
  });

  it("is at least as new as every other candidate [D2]", () => {
    const some = fc.array(fc.record({ day: fc.integer({ min: 1, max: 30 }), save: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(some, (days) => {
        const archives = days.map(({ day, save }) => archive(day, save ? { notes: "lifeboat save point x" } : {}));
        const candidates = archives.filter(({ notes }) => notes === "web");
        const { chosen } = chooseArchive(archives, newest, context);
        expect(chosen?.time).toBe(
          candidates.length === 0 ? undefined : Math.max(...candidates.map(({ time }) => time)),
        );
      }),
    );
  });
});

describe("another wish", () => {
  const archives = [archive(3), archive(5), archive(7), archive(8, { notes: "lifeboat save point x" })];

  it("a moment: the newest that is not later [D2, 004 US1.3]", () => {
    const at = (time: number) => chooseArchive(archives, { kind: "at", time }, context).chosen;
    expect(at(archives[1]?.time ?? 0)).toBe(archives[1]);
    expect(at((archives[1]?.time ?? 0) - 1)).toBe(archives[0]);
    expect(at(Date.UTC(2027, 0) / 1000)).toBe(archives[2]);
    const none = chooseArchive(archives, { kind: "at", time: 0 }, context);
    expect(none.chosen).toBeUndefined();
    expect(none.reason).toContain("the oldest is from 2026-11-03");
  });

  it("a name: also of a save point, never of an empty one [D2]", () => {
    const named = (volid: string, of = archives) => chooseArchive(of, { kind: "named", volid }, context);
    expect(named(archives[3]?.volid ?? "").chosen).toBe(archives[3]);
    expect(named("backup:backup/none").reason).toBe("there is no archive backup:backup/none of guest 101");
    const empty = archive(9, { size: 0 });
    expect(named(empty.volid, [empty]).chosen).toBeUndefined();
  });
});

describe("moments", () => {
  it("a day means its end on the node, also when the day has 23 or 25 hours [D2]", () => {
    expect(parseMoment("2026-11-20", "UTC")).toBe(Date.UTC(2026, 10, 21) / 1000 - 1);
    expect(parseMoment("2026-03-29", "Europe/Amsterdam")).toBe(Date.UTC(2026, 2, 29, 22) / 1000 - 1);
    expect(parseMoment("2026-10-25", "Europe/Amsterdam")).toBe(Date.UTC(2026, 9, 25, 23) / 1000 - 1);
  });

  it("a time is the node's, unless it names its offset [D2]", () => {
    expect(parseMoment("2026-07-01T03:00", "Europe/Amsterdam")).toBe(Date.UTC(2026, 6, 1, 1) / 1000);
    expect(parseMoment("2026-07-01 03:00:30", "UTC")).toBe(Date.UTC(2026, 6, 1, 3, 0, 30) / 1000);
    expect(parseMoment("2026-07-01T03:00Z", "Europe/Amsterdam")).toBe(Date.UTC(2026, 6, 1, 3) / 1000);
    expect(parseMoment("2026-07-01T03:00:00+02:00", "UTC")).toBe(Date.UTC(2026, 6, 1, 1) / 1000);
  });

  it.each(["yesterday", "2026-13-01", "2026-02-30", "2026-11-20T25:00", "", "20/11/2026"])("%p is none", (text) => {
    expect(() => parseMoment(text, "UTC")).toThrow(MomentError);
  });

  it("are read again as they are written [D2]", () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2060, 0) / 1000 });
    fc.assert(fc.property(time, (moment) => expect(parseMoment(formatMoment(moment, "UTC"), "UTC")).toBe(moment)));
  });
});
