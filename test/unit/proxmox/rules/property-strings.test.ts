import * as fc from "fast-check";
import {
  formatDrive,
  formatMountPoint,
  formatNetwork,
  formatSize,
  isBackedUp,
  isDriveKey,
  isIpv6,
  isMountPointKey,
  parseDrive,
  parseMountPoint,
  parseNetwork,
  parsePropertyString,
  parseSize,
  PropertyStringError,
} from "../../../../proxmox/rules/property-strings";

describe("sizes", () => {
  it.each([
    ["8G", 8 * 1024 ** 3],
    ["512M", 512 * 1024 ** 2],
    ["1.5T", 1.5 * 1024 ** 4],
    ["4096", 4096],
    ["0T", 0],
  ])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(["", "8g", "8 G", "-1G", "G", "8GiB", "1e3"])("%p is none", (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );

  it("are written with the largest unit that leaves a whole number", () => {
    expect([8 * 1024 ** 3, 1536 * 1024 ** 2, 1000, 0].map(formatSize)).toEqual(["8G", "1536M", "1000", "0T"]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => expect(parseSize(formatSize(bytes))).toBe(bytes)),
    );
  });
});

describe("mount points", () => {
  it("are read with or without the name of the volume, in any order", () => {
    const expected = {
      kind: "volume",
      volume: "local:101/vm-101-disk-1.raw",
      mount: "/srv",
      size: 2 * 1024 ** 3,
      backup: true,
      readOnly: false,
      mountOptions: ["noatime", "nodev"],
    };
    const tail = "size=2147483648,backup=yes,ro=off,mountoptions=noatime;nodev";
    expect(parseMountPoint("mp0", `local:101/vm-101-disk-1.raw,mp=/srv,${tail}`)).toEqual(expected);
    expect(parseMountPoint("mp0", `${tail},mp=/srv,volume=local:101/vm-101-disk-1.raw`)).toEqual(expected);
  });

  it("are written in Proxmox's order", () => {
    const sent =
      "acl=0,backup=1,size=1G,mp=/srv/cache,quota=0,ro=0,replicate=1,shared=0,volume=data:110/vm-110-disk-0.raw";
    expect(formatMountPoint("mp1", parseMountPoint("mp1", sent))).toBe(
      "data:110/vm-110-disk-0.raw,mp=/srv/cache,acl=0,backup=1,quota=0,replicate=1,ro=0,shared=0,size=1G",
    );
    expect(formatMountPoint("rootfs", parseMountPoint("rootfs", "volume=local:8,acl=0"))).toBe("local:8,acl=0");
    expect(formatMountPoint("unused0", parseMountPoint("unused0", "local:101/x.raw"))).toBe("local:101/x.raw");
  });

  it("keep options that are not known yet, where that is asked for", () => {
    const text = "local:8,mp=/a,encrypt=2";
    expect(() => parseMountPoint("mp0", text)).toThrow("invalid key in comma-separated list property: encrypt");
    const kept = parseMountPoint("mp0", text, "keep");
    expect(kept.options).toEqual(new Map([["encrypt", "2"]]));
    expect(formatMountPoint("mp0", kept, "keep")).toBe(text);
  });

  it.each([
    ["mp0", "local:8", "mp0.mp: property is missing and it is not optional"],
    ["mp0", "mp=/a", "mp0.volume: property is missing and it is not optional"],
    ["mp0", "local:8,mp=/a,backup=2", "mp0.backup: type check ('boolean') failed - got '2'"],
    ["mp0", "local:8,mp=/a,size=8x", "mp0.size: invalid format"],
    ["mp0", "local:8,mp=/a/..", "mp0.mp: invalid format"],
    ["mp0", "local:8,mp=/a,mountoptions=rw", "mp0.mountoptions: value does not match the regex pattern"],
    ["rootfs", "local:8,backup=1", "invalid key in comma-separated list property: backup"],
    ["rootfs", "local:8,acl=1,acl=0", "duplicate key in comma-separated list property: acl"],
    ["rootfs", "local:8,constructor=1", "invalid key in comma-separated list property: constructor"],
  ])("%s=%s is refused", (key, text, problem) => {
    expect(() => parseMountPoint(key, text)).toThrow(PropertyStringError);
    expect(() => parseMountPoint(key, text)).toThrow(problem);
  });

  it("name all problems at once", () => {
    expect(() => parseMountPoint("mp0", "local:8,size=x")).toThrow(
      "format error\nmp0.mp: property is missing and it is not optional\nmp0.size: invalid format",
    );
  });

  it("cannot be written so that they would be read as something else", () => {
    const mountPoint = { kind: "volume", volume: "local:8", mount: "/a,backup=0" } as const;
    expect(() => formatMountPoint("mp0", mountPoint)).toThrow(PropertyStringError);
  });

  const flag = fc.option(fc.boolean(), { nil: undefined });
  it("come back from what was written", () => {
    fc.assert(
      fc.property(
        fc.record({ backup: flag, acl: flag, quota: flag, readOnly: flag, replicate: flag, shared: flag }),
        fc.option(fc.integer({ min: 0, max: 2 ** 45 }), { nil: undefined }),
        fc.constantFrom("local:8", "/srv/x", "/dev/sdb1", "lvm:vm-101-disk-0"),
        (flags, size, volume) => {
          const given = Object.entries({ ...flags, size }).filter(([, value]) => value !== undefined);
          const read = parseMountPoint("mp3", `${volume},mp=/a`);
          const mountPoint = { ...read, ...Object.fromEntries(given) };
          expect(parseMountPoint("mp3", formatMountPoint("mp3", mountPoint))).toEqual(mountPoint);
        },
      ),
    );
  });
});

describe("drives", () => {
  it("are read and written as Proxmox does", () => {
    const sent =
      "file=local:120/vm-120-disk-0.qcow2,aio=io_uring,backup=1,iothread=1,ssd=0,discard=on,cache=none,size=2147483648";
    const drive = parseDrive("scsi0", sent);
    expect(drive).toMatchObject({ file: "local:120/vm-120-disk-0.qcow2", backup: true, size: 2 * 1024 ** 3 });
    expect(formatDrive("scsi0", drive)).toBe(
      "local:120/vm-120-disk-0.qcow2,aio=io_uring,backup=1,cache=none,discard=on,iothread=1,size=2G,ssd=0",
    );
    expect(formatDrive("ide2", parseDrive("ide2", "none,media=cdrom"))).toBe("none,media=cdrom");
    expect(parseDrive("scsi0", "volume=local:1,bps_rd_length=2").options).toEqual(
      new Map([["bps_rd_max_length", "2"]]),
    );
  });

  it.each([
    ["scsi0", "local:1,discard=1", "scsi0.discard: value '1' does not have a value in the enumeration 'ignore, on'"],
    ["virtio0", "local:1,ssd=1", "invalid key in comma-separated list property: ssd"],
    ["scsi0", "local:1,queues=1", "scsi0.queues: value must have a minimum value of 2"],
    ["scsi0", "local:1,iops=many", "scsi0.iops: type check ('integer') failed - got 'many'"],
    ["scsi0", "size=1G", "scsi0.file: property is missing and it is not optional"],
  ])("%s=%s is refused", (key, text, problem) => {
    expect(() => parseDrive(key, text)).toThrow(problem);
  });

  it("of a request may be copies, those of a configuration not", () => {
    const drive = parseDrive("scsi0", "local:0,import-from=local:100/x.raw");
    expect(() => formatDrive("scsi0", drive)).toThrow("property is not defined in schema");
  });

  it("have keys of their own", () => {
    expect(["scsi30", "virtio15", "ide3", "sata5", "efidisk0", "tpmstate0"].every(isDriveKey)).toBe(true);
    expect(["scsi31", "virtio16", "ide4", "scsi01", "scsihw", "unused0", "efidisk1"].some(isDriveKey)).toBe(false);
    expect(["rootfs", "mp0", "mp255"].every(isMountPointKey)).toBe(true);
    expect(["mp256", "mp01", "mp", "rootfs0"].some(isMountPointKey)).toBe(false);
    expect(() => parseDrive("net0", "local:1")).toThrow(RangeError);
  });
});

function container(key: string, text: string): boolean {
  return isBackedUp("lxc", key, parseMountPoint(key, text));
}

function machine(key: string, text: string): boolean {
  return isBackedUp("qemu", key, parseDrive(key, text));
}

describe("what a backup takes", () => {
  it("of a container: the root disk, and volumes with the flag", () => {
    expect(container("rootfs", "local:8")).toBe(true);
    expect(container("mp0", "local:8,mp=/a")).toBe(false);
    expect(container("mp0", "local:8,mp=/a,backup=1")).toBe(true);
    expect(container("mp0", "/srv,mp=/a,backup=1")).toBe(false);
    expect(container("mp0", "/dev/sdb,mp=/a,backup=1")).toBe(false);
    expect(container("unused0", "local:101/x.raw")).toBe(false);
  });

  it("of a virtual machine: every disk without the flag's refusal", () => {
    expect(machine("scsi0", "local:8")).toBe(true);
    expect(machine("scsi0", "local:8,backup=1")).toBe(true);
    expect(machine("scsi0", "local:8,backup=0")).toBe(false);
    expect(machine("ide2", "local:iso/x.iso,media=cdrom")).toBe(false);
    expect(machine("ide2", "none")).toBe(false);
    expect(machine("efidisk0", "local:1")).toBe(true);
    expect(machine("unused0", "local:101/x.raw")).toBe(false);
  });
});

describe("networks", () => {
  it("of containers are written in Proxmox's order", () => {
    const sent =
      "bridge=vmbr0,host-managed=0,name=eth0,hwaddr=BC:24:11:16:38:57,ip=10.0.0.10/24,gw=10.0.0.254,type=veth";
    const network = parseNetwork("lxc", sent);
    expect(network).toMatchObject({
      name: "eth0",
      mac: "BC:24:11:16:38:57",
      ip: "10.0.0.10/24",
      gateway: "10.0.0.254",
    });
    expect(formatNetwork("lxc", network)).toBe(
      "name=eth0,bridge=vmbr0,gw=10.0.0.254,host-managed=0,hwaddr=BC:24:11:16:38:57,ip=10.0.0.10/24,type=veth",
    );
  });

  it("of virtual machines join card and MAC", () => {
    const network = parseNetwork("qemu", "bridge=vmbr0,virtio=BC:24:11:E9:18:10,firewall=0,queues=4,tag=12");
    expect(network).toMatchObject({ model: "virtio", mac: "BC:24:11:E9:18:10", firewall: false, tag: 12 });
    expect(formatNetwork("qemu", network)).toBe("virtio=BC:24:11:E9:18:10,bridge=vmbr0,firewall=0,queues=4,tag=12");
    expect(formatNetwork("qemu", parseNetwork("qemu", "model=e1000,bridge=vmbr0"))).toBe("e1000,bridge=vmbr0");
  });

  it.each([
    ["lxc", "bridge=vmbr0", "net0.name: property is missing and it is not optional"],
    ["lxc", "name=eth0,ip=10.0.0.300/24", "valid ipv4 network configuration"],
    ["lxc", "name=eth0,ip=10.0.0.3", "valid ipv4 network configuration"],
    ["lxc", "name=eth0,ip6=fe80::1::2/64", "valid ipv6 network configuration"],
    ["lxc", "name=eth0,gw=x", "valid IPv4 address"],
    ["lxc", "name=eth0,hwaddr=BD:24:11:00:00:01", "valid unicast MAC address"],
    ["lxc", "name=eth0,tag=4095", "value must have a maximum value of 4094"],
    ["qemu", "virtio,e1000=BC:24:11:00:00:01", "duplicate key"],
    ["qemu", "ne1000,bridge=vmbr0", "does not have a value in the enumeration"],
  ] as const)("%s %s is refused", (kind, text, problem) => {
    expect(() => parseNetwork(kind, text)).toThrow(problem);
  });

  it("know IPv6", () => {
    expect(["::", "::1", "fe80::1", "2001:db8:0:0:0:0:0:1", "::ffff:192.0.2.1"].every(isIpv6)).toBe(true);
    expect(["", ":", "1::2::3", "1:2:3:4:5:6:7", "12345::", "::ffff:192.0.2.256", "g::"].some(isIpv6)).toBe(false);
  });
});

describe("the bare frame", () => {
  it("splits without looking at the meaning", () => {
    expect(parsePropertyString("a,b=1,c=x=y", "first")).toEqual(
      new Map(Object.entries({ first: "a", b: "1", c: "x=y" })),
    );
    expect(() => parsePropertyString("a")).toThrow("schema does not define a default key");
    expect(() => parsePropertyString("=a")).toThrow("missing key");
  });
});
