import * as fc from "fast-check";
import {
  formatArchiveName,
  isListedFor,
  listArchive,
  ownerOfArchive,
  parseArchiveName,
  whyNotRestorable,
} from "../../../../proxmox/rules/archive-names";
import { localTime } from "../../../../proxmox/rules/time-zones";

const name = "vzdump-lxc-101-2026_11_19-03_00_00.tar.zst";

describe("archive names", () => {
  it("are read with the node's clock", () => {
    expect(parseArchiveName(name, "Europe/Amsterdam")).toEqual({
      fileName: name,
      guestType: "lxc",
      format: "tar",
      compression: "zst",
      standard: true,
      vmid: 101,
      time: Date.UTC(2026, 10, 19, 2) / 1000,
      logFileName: "vzdump-lxc-101-2026_11_19-03_00_00.log",
      notesFileName: `${name}.notes`,
    });
    expect(parseArchiveName(name, "UTC")).toMatchObject({ time: Date.UTC(2026, 10, 19, 3) / 1000 });
  });

  it("that only resemble vzdump's say little", () => {
    const renamed = parseArchiveName("vzdump-lxc-101-2026_11_19-03_00_00-weekly.tar.zst", "UTC");
    expect(renamed).toEqual({
      fileName: "vzdump-lxc-101-2026_11_19-03_00_00-weekly.tar.zst",
      guestType: "lxc",
      format: "tar",
      compression: "zst",
      standard: false,
    });
    expect(parseArchiveName("vzdump-openvz-101-2026_11_19-03_00_00.tgz", "UTC")).toMatchObject({
      guestType: "openvz",
      format: "tar",
      compression: "gz",
    });
  });

  it.each([
    "other.tar.zst",
    "vzdump-lxc-101-2026_11_19-03_00_00.tar.xz",
    `${name}.notes`,
    `x-${name}`,
    `dump/${name}`,
    "vzdump-lxc-101-2026_02_30-03_00_00.tar.zst",
    "vzdump-lxc-101-2026_11_19-24_00_00.tar.zst",
    "vzdump-lxc-101-2026_11_19-03_60_00.tar.zst",
    "",
  ])("%p is none", (fileName) => {
    expect(parseArchiveName(fileName, "UTC")).toBeUndefined();
  });

  it("take Perl's moment of the hour that autumn repeats", () => {
    // Found by asking Perl's Time::Local: the first moment in Paris, the second in London, neither on Lord Howe.
    expect(at("2024_10_27-02_01_00", "Europe/Paris")).toBe(Date.UTC(2024, 9, 27, 0, 1) / 1000);
    expect(at("2024_10_27-01_01_00", "Europe/London")).toBe(1_729_990_860);
    expect(at("2024_04_07-01_50_39", "Australia/Lord_Howe")).toBe(1_712_413_239);
  });

  it("written for a moment are read as that moment, but for the repeated hour", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 946_684_800, max: 2_145_916_800 }),
        fc.constantFrom("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"),
        fc.constantFrom("lxc" as const, "qemu" as const),
        fc.integer({ min: 100, max: 999_999_999 }),
        fc.constantFrom(undefined, "zst" as const, "gz" as const, "lzo" as const),
        (time, timeZone, guestType, vmid, compression) => {
          const format = guestType === "lxc" ? "tar" : "vma";
          const fileName = formatArchiveName({ guestType, vmid, time, timeZone, format, compression });
          const parsed = parseArchiveName(fileName, timeZone);
          expect(parsed).toMatchObject({ guestType, vmid, format, compression, standard: true });
          const found = parsed?.standard === true ? parsed.time : 0;
          expect(localTime(found, timeZone)).toEqual(localTime(time, timeZone));
          expect([0, 3600]).toContain(Math.abs(found - time));
          expect(listArchive(fileName, timeZone)).toMatchObject({ vmid, subtype: guestType, time: found });
          expect(isListedFor(fileName, vmid)).toBe(true);
        },
      ),
    );
  });
});

describe("listing", () => {
  it("shows archives with strange names, without what their names do not say", () => {
    expect(listArchive("other.tar.zst", "UTC")).toEqual({
      format: "tar.zst",
      vmid: undefined,
      subtype: "unknown",
      time: undefined,
    });
    expect(listArchive("copy-vzdump-lxc-101-2026_11_19-03_00_00.tar.zst", "UTC")).toMatchObject({
      vmid: 101,
      subtype: "unknown",
      time: undefined,
    });
    expect(listArchive("vzdump-lxc-99-2026_11_19-03_00_00.tar.zst", "UTC")).toMatchObject({ vmid: undefined });
  });

  it.each(["a.log", `${name}.notes`, `${name}.protected`, "vzdump-qemu-102-2026_11_19-03_05_00.vma.dat", "a.tar.xz"])(
    "leaves out %s",
    (fileName) => {
      expect(listArchive(fileName, "UTC")).toBeUndefined();
      expect(isListedFor(fileName, 101)).toBe(false);
      expect(ownerOfArchive(fileName)).toBeUndefined();
    },
  );

  it("is limited to a guest by its number between dashes", () => {
    expect(isListedFor(name, 101)).toBe(true);
    expect(isListedFor(name, 10)).toBe(false);
    expect(isListedFor("notes-102-copy.tar", 102)).toBe(true);
  });
});

describe("restoring", () => {
  it.each(["tar", "tar.zst", "tar.gz", "tar.lzo", "tar.bz2"])(
    "takes a container's archive in .%s [D9]",
    (extension) => {
      expect(whyNotRestorable(named(extension), "lxc")).toBeUndefined();
      expect(whyNotRestorable(`by-hand.${extension}`, "lxc")).toBeUndefined();
    },
  );

  it.each(["tgz", "vma", "vma.zst"])("takes no container's archive in .%s, which is listed [D9, G1]", (extension) => {
    expect(listArchive(named(extension), "UTC")).toMatchObject({ format: extension, vmid: 101 });
    expect(whyNotRestorable(named(extension), "lxc")).toContain(`ends in .${extension}`);
  });

  it("says nothing of machines, and of what is no file [D9]", () => {
    expect(whyNotRestorable("vzdump-qemu-102-2026_11_19-03_05_00.vma.zst", "qemu")).toBeUndefined();
    expect(whyNotRestorable("", "lxc")).toBeUndefined();
  });
});

/** An archive of a container, by its extension. */
function named(extension: string): string {
  return `vzdump-lxc-101-2026_11_19-03_00_00.${extension}`;
}

/** The moment in the name of an archive. */
function at(clock: string, timeZone: string): number | undefined {
  const parsed = parseArchiveName(`vzdump-lxc-101-${clock}.tar`, timeZone);
  return parsed?.standard === true ? parsed.time : undefined;
}
