import * as fc from "fast-check";
import { formatUpid, parseUpid } from "../../../../proxmox/rules/upid";
import {
  archiveFileName,
  archiveVolumeId,
  formatVolumeId,
  newVolumeSize,
  parseVolumeId,
} from "../../../../proxmox/rules/volume-ids";

describe("task names", () => {
  const text = "UPID:pve:00002FF0:0007F82C:6B00B3FE:vzrestore:301:root@pam!tok:";

  it("are read", () => {
    expect(parseUpid(text)).toEqual({
      node: "pve",
      pid: 0x2ff0,
      processStart: 0x7f82c,
      startTime: 0x6b00b3fe,
      type: "vzrestore",
      id: "301",
      user: "root@pam!tok",
    });
    expect(parseUpid("UPID:pve-1:00002FF0:10007F82C:6B00B3FE:vzdump::root@pam:")).toMatchObject({ id: "" });
    expect(parseUpid("UPID:pve:00002FF0:0007F82C:6B00B3FE:imgdel:101@local:root@pam:")).toMatchObject({
      id: "101@local",
    });
  });

  it.each(["", "UPID:", "OK", text.slice(0, -1), `${text}\n`, text.replace("pve", "-pve"), text.replace("301", "3/1")])(
    "%p is none",
    (text) => expect(parseUpid(text)).toBeUndefined(),
  );

  it("come back", () => {
    const number = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(number, fc.integer({ min: 0, max: 0xfffffffff }), number, (pid, processStart, startTime) => {
        const upid = { node: "pve", pid, processStart, startTime, type: "vzdump", id: "", user: "root@pam" };
        expect(parseUpid(formatUpid(upid))).toEqual(upid);
      }),
    );
  });
});

describe("volume ids", () => {
  it("are taken apart", () => {
    expect(parseVolumeId("local:backup/a.tar")).toEqual({ storage: "local", volume: "backup/a.tar" });
    expect(formatVolumeId({ storage: "local", volume: "x" })).toBe("local:x");
    expect(["/srv/x", "none", "1local:x", "l:x", "local:", ""].map(parseVolumeId)).toEqual(Array(6).fill(undefined));
  });

  it("name archives", () => {
    const fileName = "vzdump-lxc-101-2026_11_19-03_00_00.tar.zst";
    expect(archiveVolumeId("local", fileName)).toBe(`local:backup/${fileName}`);
    expect(archiveFileName(archiveVolumeId("local", fileName))).toBe(fileName);
    expect(archiveFileName("local:101/vm-101-disk-0.raw")).toBeUndefined();
    expect(archiveFileName("pbs:backup/ct/101/2026-11-20T01:00:00Z")).toBeUndefined();
  });

  it("ask for new volumes by a size", () => {
    expect(newVolumeSize("local:8")).toEqual({ storage: "local", gibibytes: 8 });
    expect(newVolumeSize("local:1.5")).toEqual({ storage: "local", gibibytes: 1.5 });
    expect(newVolumeSize("local:vm-101-disk-0")).toBeUndefined();
    expect(newVolumeSize("/srv/8")).toBeUndefined();
  });
});
