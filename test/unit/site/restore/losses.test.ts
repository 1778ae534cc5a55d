import { leftDisks, ownNotes } from "../../../../site/restore/machine-drives";
import { machineTargets } from "../../../../site/restore/machine-targets";
import { parseGuestConfiguration } from "../../../../proxmox/rules/guest-configuration";
import { inPlaceEffects } from "../../../../site/restore/losses";

const archived = parseGuestConfiguration(
  [
    "hostname: web",
    "memory: 512",
    "mp0: local:101/vm-101-disk-1.raw,mp=/srv,backup=1,size=20G",
    "mp1: local:101/vm-101-disk-2.raw,mp=/cache,size=10G",
    "mp2: /tank/media,mp=/media",
    "rootfs: local:101/vm-101-disk-0.raw,size=8G",
    "",
  ].join("\n"),
);

function effects(changes: Record<string, string>, snapshots: string[] = []) {
  return inPlaceEffects("lxc", { keys: { ...archived.keys, ...changes }, snapshots }, archived);
}

describe("a container", () => {
  it("loses the content of a volume that the archive leaves out [D7]", () => {
    const { losses, returns, hostMounts } = effects({});
    expect(losses).toEqual([
      { kind: "emptied", name: "mp1", path: "/cache", volume: "local:101/vm-101-disk-2.raw", size: 10 * 1024 ** 3 },
    ]);
    expect(returns.map(({ key, isNew }) => [key, isNew])).toEqual([
      ["rootfs", false],
      ["mp0", false],
    ]);
    expect(hostMounts).toEqual([{ key: "mp2", path: "/media", source: "/tank/media", kind: "bind" }]);
  });

  it("loses volumes that the archive does not know, unused ones and snapshots [D7]", () => {
    const { losses } = effects(
      { mp5: "data:101/new.raw,mp=/new,backup=1,size=1G", unused0: "local:101/vm-101-disk-9.raw" },
      ["before", "current"],
    );
    expect(losses.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "emptied mp1",
      "vanishes mp5",
      "unused unused0",
      "snapshot before",
    ]);
  });

  it("is known by paths, not by numbers: a volume that changed its key is no loss [D7]", () => {
    const moved = effects({ mp0: archived.keys["mp1"] ?? "", mp1: archived.keys["mp0"] ?? "" });
    expect(moved.losses.map(({ path }) => path)).toEqual(["/cache"]);
  });

  it("that is lost already loses nothing [D7]", () => {
    expect(inPlaceEffects("lxc", undefined, archived).losses).toEqual([]);
  });

  it("names settings that change, and not what Proxmox notes for itself [D7]", () => {
    const { differences } = effects({ memory: "1024", digest: "x", template: "0", lock: "backup" });
    expect(differences).toEqual([{ key: "memory", present: "1024", archived: "512" }]);
  });
});

describe("a virtual machine", () => {
  const machine = parseGuestConfiguration(
    "scsi0: local:102/a.qcow2,size=8G\nscsi1: local:102/b.qcow2,backup=0,size=8G\nide2: none,media=cdrom\nname: vm\n#qmdump#map:scsi0:drive-scsi0:local:qcow2:\n",
    "qemu",
  );

  it("keeps disks that the archive leaves out by choice; its snapshots are lost [D7]", () => {
    const { losses, returns } = inPlaceEffects("qemu", { keys: machine.keys, snapshots: ["s1"] }, machine);
    expect(losses).toEqual([{ kind: "snapshot", name: "s1" }]);
    expect(returns.map(({ key }) => key)).toEqual(["scsi0"]);
    expect(leftDisks(machine.keys, machine)).toMatchObject([{ key: "scsi1", volume: "local:102/b.qcow2" }]);
  });

  it("loses a disk that the archive does not know, and what is in one that the backups leave out now [D7]", () => {
    const keys = {
      ...machine.keys,
      scsi0: `${machine.keys["scsi0"] ?? ""},backup=0`,
      virtio3: "local:102/c.qcow2,size=1G",
    };
    const { losses } = inPlaceEffects("qemu", { keys, snapshots: [] }, machine);
    expect(losses).toMatchObject([
      { kind: "unsaved", name: "scsi0" },
      { kind: "detached", name: "virtio3", volume: "local:102/c.qcow2", size: 1024 ** 3 },
    ]);
  });

  it("keeps its own notes, without lines that an earlier restore has added [D7]", () => {
    const description = "lifeboat: prod/db\nscsi1: local:102/b.qcow2,backup=0\nmore: to come\n";
    expect(ownNotes({ ...machine, description })).toBe("lifeboat: prod/db\nmore: to come");
  });

  it("has its disks on the archive's storages, or all on the one that is asked for [D8, D14]", () => {
    expect(machineTargets(machine, undefined)).toMatchObject({ parameters: {}, problems: [] });
    expect(machineTargets(machine, "fast")).toMatchObject({
      parameters: { storage: "fast" },
      targets: [{ key: "scsi0", storage: "fast", filled: true }],
    });
  });
});
