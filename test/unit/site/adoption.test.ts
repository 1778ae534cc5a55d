import { adoptionOf, graceEnd, madeByLifeboat, type LiveGuest } from "../../../site/adoption";
import { markOf } from "../../../site/mark";

const context = { node: "pve-prod", names: new Set(["web", "db", "db-140"]) };

function adopted(configuration: Record<string, string>, more: Partial<LiveGuest> = {}) {
  return adoptionOf({ type: "lxc", id: 140, node: "pve-prod", configuration, ...more }, context);
}

test.each([
  [{ hostname: "legacy" }, { name: "legacy", hostname: undefined }],
  [{ hostname: "shop.example.com" }, { name: "shop", hostname: "shop.example.com" }],
  [{ hostname: "web" }, { name: "web-140", hostname: "web" }],
  [{ hostname: "db" }, { name: "db-140-2", hostname: "db" }],
  [{ hostname: "4u" }, { name: "guest-140", hostname: "4u" }],
  [{}, { name: "guest-140", hostname: undefined }],
])("the key comes from the host name, which is written where it differs: %j [A10]", (configuration, expected) => {
  expect(adopted(configuration)).toMatchObject(expected);
});

test("the node is written only where it is not the environment's [A10]", () => {
  expect(adopted({}).node).toBeUndefined();
  expect(adopted({}, { node: "pve-2" }).node).toBe("pve-2");
});

test.each([
  ["lxc", { net0: "name=eth0,bridge=vmbr0,ip=192.0.2.7/24" }, true],
  ["lxc", { net0: "name=eth0,bridge=vmbr0,ip=dhcp", net1: "name=eth1,bridge=vmbr1,ip6=2001:db8::7/64" }, true],
  ["lxc", { net0: "name=eth0,bridge=vmbr0,ip=dhcp,ip6=auto" }, false],
  ["lxc", { net0: "name=eth0,bridge=vmbr0" }, false],
  ["lxc", { net0: "no sense at all=" }, false],
  ["qemu", { net0: "virtio=BC:24:11:00:01:01,bridge=vmbr0", ipconfig0: "ip=192.0.2.7/24,gw=192.0.2.1" }, true],
  ["qemu", { ipconfig0: "ip=dhcp,ip6=auto" }, false],
] as const)("%s %j: checks by a fixed address [A10]", (type, configuration, fixed) => {
  expect(adopted(configuration, { type }).checks).toEqual(fixed ? ["ping", "ssh"] : []);
});

test("disks that no backup holds are named with what is known of why; a CD-ROM drive is none [A10]", () => {
  const container = adopted({
    rootfs: "local:140/vm-140-disk-0.raw,size=8G",
    mp0: "local:140/vm-140-disk-1.raw,mp=/srv,backup=1,size=8G",
    mp1: "local:140/vm-140-disk-2.raw,mp=/var/cache,size=8G",
    mp2: "/mnt/photos,mp=/photos",
  });
  expect(container.disks.map(({ key, reason }) => [key, reason])).toEqual([
    ["mp1", "left out when it was adopted; nobody has said why"],
    ["mp2", "not on a storage: Proxmox never backs it up"],
  ]);
  const machine = adopted(
    { scsi0: "local:140/a.raw", scsi1: "local:140/b.raw,backup=0", ide2: "local:cloudinit,media=cdrom" },
    { type: "qemu" },
  );
  expect(machine.disks.map(({ key }) => key)).toEqual(["scsi1"]);
});

test("the opt-out of a disk lasts thirty days [A10]", () => {
  expect(graceEnd("2026-12-15")).toBe("2027-01-14");
});

test("a guest that Lifeboat made is known by its mark [A10, A14]", () => {
  const mark = { environment: "prod", guest: "web" };
  const guest = {
    type: "lxc",
    id: 140,
    node: "pve-prod",
    configuration: { description: `${markOf(mark)}\n` },
  } as const;
  expect(madeByLifeboat(guest)).toEqual(mark);
  expect(madeByLifeboat({ ...guest, configuration: { tags: "lifeboat" } })).toBeUndefined();
});
