import * as fc from "fast-check";
import { formatGuestConfiguration, parseGuestConfiguration } from "../../../../proxmox/rules/guest-configuration";

const container = `#Web server%3A 100%25 caf%C3%A9
#
#lifeboat%3A prod/web
arch: amd64
hostname: web
mp0: local:101/vm-101-disk-1.raw,mp=/srv,backup=1,size=20G
rootfs: local:101/vm-101-disk-0.raw,size=8G
lxc.cgroup2.devices.allow: c 10:200 rwm
lxc.cgroup2.devices.allow: c 10:201 rwm

[pve:pending]
cores: 4
delete: mp0

[before_update]
#Before the update
hostname: web
snaptime: 1795204800
`;

describe("a container's configuration", () => {
  it("is taken apart", () => {
    expect(parseGuestConfiguration(container)).toEqual({
      keys: {
        arch: "amd64",
        hostname: "web",
        mp0: "local:101/vm-101-disk-1.raw,mp=/srv,backup=1,size=20G",
        rootfs: "local:101/vm-101-disk-0.raw,size=8G",
      },
      description: "Web server: 100% café\n\nlifeboat: prod/web\n",
      raw: [
        { key: "lxc.cgroup2.devices.allow", value: "c 10:200 rwm" },
        { key: "lxc.cgroup2.devices.allow", value: "c 10:201 rwm" },
      ],
      pending: { keys: { cores: "4", delete: "mp0" }, raw: [] },
      snapshots: {
        before_update: {
          keys: { hostname: "web", snaptime: "1795204800" },
          description: "Before the update\n",
          raw: [],
        },
      },
    });
  });

  it("is put together again", () => {
    expect(formatGuestConfiguration(parseGuestConfiguration(container))).toBe(container);
  });

  it("keeps what this program does not know, and skips what Proxmox skips", () => {
    const text = "entrypoint: /bin/run --x a:b\nfuture-key2: 1\nno line at all\nUPPER: 1\nempty:\n: x\n";
    expect(parseGuestConfiguration(text).keys).toEqual({ entrypoint: "/bin/run --x a:b", "future-key2": "1" });
  });

  it("refuses to write a value that would be two lines", () => {
    const configuration = { keys: { hostname: "a\nb" }, raw: [], snapshots: {} };
    expect(() => formatGuestConfiguration(configuration)).toThrow(
      "detected invalid newline inside property 'hostname'",
    );
  });

  it("reads any description again that it has written", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("a'; touch pwned; $(x) \"", "100%25 %", "# x: y\n[snap]\nkey: value", "\u0000\u001b[2J"),
    );
    fc.assert(
      fc.property(text, (description) => {
        const written = formatGuestConfiguration({ keys: { cores: "1" }, raw: [], snapshots: {}, description });
        const read = parseGuestConfiguration(written);
        expect(read.description ?? "").toBe(withOneNewline(description));
        expect(read.keys).toEqual({ cores: "1" });
        expect(read.snapshots).toEqual({});
      }),
    );
  });

  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  it("reads any configuration again that it has written", () => {
    const key = fc.stringMatching(/^[a-z][a-z_]{0,8}\d{0,2}$/).filter((name) => name !== "description");
    const keys = fc.dictionary(key, value);
    const section = fc.record({
      keys,
      raw: fc.array(fc.record({ key: fc.constant("lxc.idmap"), value }), { maxLength: 2 }),
    });
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{1,10}$/).filter((name) => name !== "pending");
    fc.assert(
      fc.property(section, fc.dictionary(name, section), section, (main, snapshots, pending) => {
        const configuration = { ...main, snapshots, pending };
        expect(parseGuestConfiguration(formatGuestConfiguration(configuration))).toEqual(configuration);
      }),
    );
  });
});

function withOneNewline(text: string): string {
  const end = text.replace(/\n+$/, "");
  return end === "" ? "" : `${end}\n`;
}

describe("a virtual machine's configuration", () => {
  const text = `#Notes
#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:
#qmdump#map:scsi1:drive-scsi1::qcow2:
name: db
scsi0: local-lvm:vm-102-disk-0,size=8G

[PENDING]
memory: 4096

[special:cloudinit]
ipconfig0: ip=dhcp

[snap]
name: db
`;

  it("has notes without a last newline, other headings, and the archive's disks", () => {
    const configuration = parseGuestConfiguration(text, "qemu");
    expect(configuration).toEqual({
      keys: { name: "db", scsi0: "local-lvm:vm-102-disk-0,size=8G" },
      description: "Notes",
      raw: [],
      pending: { keys: { memory: "4096" }, raw: [] },
      special: { cloudinit: { keys: { ipconfig0: "ip=dhcp" }, raw: [] } },
      snapshots: { snap: { keys: { name: "db" }, raw: [] } },
      dumpedDisks: [
        { key: "scsi0", storage: "local-lvm", format: "raw" },
        { key: "scsi1", storage: "", format: "qcow2" },
      ],
    });
    // The archive's remarks are no part of a guest's file.
    expect(formatGuestConfiguration(configuration, "qemu")).toBe(text.replaceAll(/#qmdump.*\n/g, ""));
  });
});
