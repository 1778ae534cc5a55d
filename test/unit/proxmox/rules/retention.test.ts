import * as fc from "fast-check";
import {
  formatRetention,
  keepsEverything,
  markArchives,
  parseRetention,
  parseRetentionObject,
  RetentionError,
  type Retention,
} from "../../../../proxmox/rules/retention";

const day = 86_400;
const noon = Date.UTC(2026, 10, 20, 12) / 1000;

function daily(count: number): { time: number; protected: boolean }[] {
  return Array.from({ length: count }, (_, index) => ({ time: noon - index * day, protected: false }));
}

describe("markArchives", () => {
  it("keeps the newest of each day, then of each week that no day stands for", () => {
    const marks = markArchives(daily(40), { keepDaily: 7, keepWeekly: 4 }, "Europe/Paris");
    const kept = marks.flatMap((mark, index) => (mark === "keep" ? [index] : []));
    // 20 November 2026 is a Friday: the days reach into the week of the 9th, so the weeks begin with the Sunday of the 8th.
    expect(kept).toEqual([0, 1, 2, 3, 4, 5, 6, 12, 19, 26, 33]);
  });

  it("counts by the node's clock", () => {
    const archives = [0, 1].map((hours) => ({ time: Date.UTC(2026, 10, 20, 22 + hours, 30) / 1000, protected: false }));
    expect(markArchives(archives, { keepDaily: 1 }, "UTC")).toEqual(["remove", "keep"]);
    expect(markArchives(archives, { keepDaily: 2 }, "Europe/Paris")).toEqual(["keep", "keep"]);
    expect(markArchives(archives, { keepDaily: 2 }, "UTC")).toEqual(["remove", "keep"]);
  });

  it("leaves protected and renamed archives out of the count", () => {
    const archives = [
      { time: noon, protected: true },
      { time: noon - 1, protected: false, renamed: true },
      { time: noon - 2, protected: false },
      { time: noon - 3, protected: false },
    ];
    expect(markArchives(archives, { keepLast: 1 }, "UTC")).toEqual(["protected", "renamed", "keep", "remove"]);
  });

  it("counts each guest for itself", () => {
    const archives = daily(4).map((archive, index) => ({
      ...archive,
      group: index % 2 === 0 ? "lxc/101" : "qemu/101",
    }));
    expect(markArchives(archives, { keepLast: 1 }, "UTC")).toEqual(["keep", "keep", "remove", "remove"]);
  });

  const count = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });
  const retention = fc
    .record({
      keepLast: count,
      keepHourly: count,
      keepDaily: count,
      keepWeekly: count,
      keepMonthly: count,
      keepYearly: count,
    })
    .map((counts) => parseRetention(formatRetention(withoutUndefined(counts))));
  const archives = fc.array(
    fc.record({
      time: fc.integer({ min: noon - 800 * day, max: noon }),
      protected: fc.boolean(),
      renamed: fc.boolean(),
    }),
    { maxLength: 60 },
  );

  it("never removes what is protected or renamed, nor anything when all is kept", () => {
    fc.assert(
      fc.property(archives, retention, (archives, retention) => {
        const marks = markArchives(archives, retention, "Europe/Paris");
        archives.forEach((archive, index) => {
          const stays = archive.renamed ? "renamed" : archive.protected ? "protected" : undefined;
          if (stays !== undefined) expect(marks[index]).toBe(stays);
        });
        expect(markArchives(archives, { keepAll: true }, "UTC")).not.toContain("remove");
        expect(markArchives(archives, {}, "UTC")).not.toContain("remove");
      }),
    );
  });

  it("keeps as many as it says at most, and the newest of all always", () => {
    fc.assert(
      fc.property(archives, retention, (archives, retention) => {
        fc.pre(!keepsEverything(retention));
        const marks = markArchives(archives, retention, "America/New_York");
        const allowed = Object.values(retention).reduce((sum, value) => sum + Number(value), 0);
        expect(marks.filter((mark) => mark === "keep").length).toBeLessThanOrEqual(allowed);
        const counted = archives.filter(({ protected: isProtected, renamed }) => !isProtected && !renamed);
        const newest = Math.max(...counted.map(({ time }) => time));
        if (counted.length > 0) {
          expect(marks[archives.findIndex((archive) => counted.includes(archive) && archive.time === newest)]).toBe(
            "keep",
          );
        }
      }),
    );
  });

  it("says the same of what is left after a prune", () => {
    fc.assert(
      fc.property(archives, retention, (archives, retention) => {
        const times = [...new Map(archives.map((archive) => [archive.time, archive])).values()];
        const left = times.filter((_, index) => markArchives(times, retention, "UTC")[index] !== "remove");
        expect(markArchives(left, retention, "UTC")).not.toContain("remove");
      }),
    );
  });
});

function withoutUndefined(counts: { readonly [Name in keyof Retention]?: number | undefined }): Retention {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined));
}

describe("the written form", () => {
  it("is Proxmox's", () => {
    expect(parseRetention("keep-daily=7,keep-weekly=4")).toEqual({ keepDaily: 7, keepWeekly: 4 });
    expect(formatRetention({ keepWeekly: 4, keepDaily: 7, keepLast: 0 })).toBe("keep-daily=7,keep-weekly=4");
    expect(parseRetention("keep-all=1")).toEqual({ keepAll: true });
    expect(formatRetention({})).toBe("keep-all=1");
    expect(parseRetentionObject({ "keep-last": "3", "keep-yearly": 1 })).toEqual({ keepLast: 3, keepYearly: 1 });
    expect(parseRetention("keep-all=0,keep-last=3")).toEqual({ keepAll: false, keepLast: 3 });
  });

  it.each([
    ["keep-all=1,keep-last=2", "keep-all cannot be set together with other options."],
    ["keep-last=x", "keep-last: type check ('integer') failed - got 'x'"],
    ["keep-last=-1", "keep-last: type check ('integer') failed - got '-1'"],
    ["keep-last=1,keep-last=2", "duplicate key"],
    ["keep-all=maybe", "keep-all: type check ('boolean') failed"],
    ["keep-forever=1", "unknown option 'keep-forever'"],
    ["7", "unknown option '7'"],
  ])("refuses %s", (text, message) => {
    expect(() => parseRetention(text)).toThrow(RetentionError);
    expect(() => parseRetention(text)).toThrow(message);
  });
});
