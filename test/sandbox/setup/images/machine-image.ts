import { mkdir, open, truncate, writeFile, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../machine/child-process";
import { builtOnce } from "./built-once";
import { type DebianRecipe, makeDebian, withoutIdentity, withoutManuals } from "./debian-tree";
import { GUEST_FILES } from "./machine-image-files";

/** Name of the importable disk on each node's storage `local`: with Debian's own one the same settings work elsewhere. */
export const MACHINE_IMAGE = "debian-12-genericcloud-amd64.qcow2";

/** Brought by a package without programs. */
export const GRUB_BOOT_SECTOR = "/usr/lib/grub/i386-pc/boot.img";

const SECTOR = 512;

/** What finds the root on every kind of drive that this kernel knows. */
const EARLY_MODULES = ["virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "ata_piix", "ext4"];

/** How the disk is made that virtual machines of the real driver boot from. */
const RECIPE = {
  debian: {
    suite: "bookworm",
    variant: "minbase",
    packages: [
      "systemd",
      "systemd-sysv",
      "dbus",
      "udev",
      "linux-image-cloud-amd64",
      "cloud-init",
      "cloud-guest-utils",
      "qemu-guest-agent",
      "openssh-server",
      "sudo",
      "e2fsprogs",
      "iproute2",
      "iputils-ping",
      "procps",
      "ca-certificates",
      "curl",
    ],
    ...withoutManuals,
    hooks: [
      'chroot "$1" systemctl enable systemd-networkd ssh qemu-guest-agent',
      // A third of the usual early system, which is unpacked at each boot.
      'echo MODULES=list > "$1"/etc/initramfs-tools/conf.d/modules',
      `printf '%s\\n' ${EARLY_MODULES.join(" ")} >> "$1"/etc/initramfs-tools/modules`,
      'chroot "$1" update-initramfs -u -k all',
      // Work that an emulated processor would do at each boot for nobody.
      'chroot "$1" systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer systemd-networkd-wait-online.service systemd-pstore.service',
      ...withoutIdentity,
    ],
  } satisfies DebianRecipe,
  files: GUEST_FILES,
  size: 2 * 1024 ** 3,
  partitionStart: 2048,
  label: "root",
  boot: [
    "root=(hd0,msdos1)",
    "linux /vmlinuz root=LABEL=root ro console=ttyS0 net.ifnames=0 quiet",
    "initrd /initrd.img",
    "boot",
  ],
  grubModules: ["biosdisk", "part_msdos", "ext2", "linux", "normal", "boot"],
} as const;

/**
 * The disk that virtual machines of the real driver boot from: GRUB, Debian's kernel for clouds, cloud-init and the guest
 * agent. It boots by itself, so that a restored disk proves as much. Made from Debian packages the first time.
 *
 * @param say receives one line before the work that takes minutes
 * @returns path of the file in the cache
 */
export function machineImage(say: (line: string) => void): Promise<string> {
  return builtOnce({ kind: "images", name: MACHINE_IMAGE, recipe: RECIPE, build: makeImage }, () =>
    say("Making the disk image of virtual machines from Debian packages (two minutes, once)"),
  );
}

async function makeImage(file: string, temporary: string): Promise<void> {
  const [tree, disk] = [join(temporary, "tree"), join(temporary, "disk.raw")];
  await makeDebian(RECIPE.debian, tree, temporary);
  for (const [path, text] of Object.entries(RECIPE.files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  await makeFileSystem(disk, tree);
  await makeBootable(disk, temporary);
  await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", "-c", "-o", "compression_type=zstd", disk, file]);
}

/** One ext4 file system, from the partition's first byte to the disk's last. */
async function makeFileSystem(disk: string, tree: string): Promise<void> {
  await writeFile(disk, "", { flag: "wx" });
  await truncate(disk, RECIPE.size);
  const offset = RECIPE.partitionStart * SECTOR;
  const options = ["-q", "-F", "-t", "ext4", "-L", RECIPE.label, "-E", `offset=${offset}`, "-d", tree];
  await run("mkfs.ext4", [...options, disk, `${(RECIPE.size - offset) / 1024}k`]);
}

/** Parts of the first sector, and where GRUB's core begins when its boot sector is told nothing else. */
const BOOT_CODE = 440;
const PARTITION_ENTRY = 446;
const SIGNATURE = 510;
const CORE_SECTOR = 1;

/**
 * Writes GRUB and the partition table. What `grub-install` would do needs a loop device; GRUB's boot sector loads the
 * sectors behind it unless told otherwise, and `grub-mkimage` notes in the core how many there are.
 */
async function makeBootable(disk: string, temporary: string): Promise<void> {
  const [configuration, core] = [join(temporary, "early.cfg"), join(temporary, "core.img")];
  await writeFile(configuration, RECIPE.boot.map((line) => `${line}\n`).join(""));
  const options = ["-O", "i386-pc", "-p", "/boot/grub", "-c", configuration, "-o", core];
  await run("grub-mkimage", [...options, ...RECIPE.grubModules]);
  const code = await readFile(GRUB_BOOT_SECTOR);
  const file = await open(disk, "r+");
  try {
    await file.write(code, 0, BOOT_CODE, 0);
    await file.write(partitionEntry(), 0, undefined, PARTITION_ENTRY);
    await file.write(Buffer.from([0x55, 0xaa]), 0, undefined, SIGNATURE);
    await file.write(await readFile(core), 0, undefined, CORE_SECTOR * SECTOR);
  } finally {
    await file.close();
  }
}

/** Bootable, Linux; cylinders, heads and sectors say "too large for these numbers". */
function partitionEntry(): Buffer {
  const entry = Buffer.from([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  entry.writeUInt32LE(RECIPE.partitionStart, 8);
  entry.writeUInt32LE(RECIPE.size / SECTOR - RECIPE.partitionStart, 12);
  return entry;
}
