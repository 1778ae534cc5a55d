import { mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailed, run } from "../../machine/child-process";
import type { Log, Volume } from "../driver";
import { privateMounts } from "./mounted-tree";

/**
 * Makes an empty volume: a folder, or a sparse ext4 image. A sparse file is zeros already: writing them would blow it up.
 */
export async function createVolume(volume: Volume): Promise<void> {
  await mkdir(dirname(volume.path), { recursive: true });
  if (volume.format === "subvol") {
    await mkdir(volume.path, { mode: 0o755 });
    return;
  }
  await resizeFile(volume.path, "wx", volume.size);
  if (volume.format === "raw")
    await run("mkfs.ext4", ["-q", "-F", "-E", "nodiscard,assume_storage_prezeroed=1", volume.path]);
}

/**
 * Grows an image and the file system in it, also under a running container. A file system that cannot grow there is told
 * in the task's log and is no failure, as with Proxmox: it follows at the container's next start. So it is wherever root
 * lacks CAP_SYS_RESOURCE.
 */
export async function growVolume(volume: Volume, size: number, stage: string, log: Log): Promise<void> {
  if (volume.format === "subvol") return;
  await resizeFile(volume.path, "r+", size);
  if (volume.format !== "raw") return;
  if (await isMounted(volume.path)) await growMounted(volume.path, stage, log);
  else await growUnmounted(volume.path);
}

/** How often, and how many milliseconds apart, a volume is looked at that its container has just let go. */
const letGo = { looks: 50, apart: 100 };

/**
 * Grows the file system of an image that was grown while it could not follow. In a reboot the mounts of the container
 * that has ended go a moment later than its last process.
 */
export async function catchUpGrowth(volume: Volume): Promise<void> {
  if (volume.format !== "raw" || !(await isSmallerThanImage(volume.path))) return;
  for (let look = 0; look < letGo.looks; look += 1) {
    if (!(await isMounted(volume.path))) return growUnmounted(volume.path);
    await sleep(letGo.apart);
  }
}

/** Removes a volume's data. An image that is still mounted keeps its blocks until the last mount is gone. */
export async function removeVolume(volume: Volume): Promise<void> {
  await rm(volume.path, { recursive: true, force: true });
}

async function resizeFile(path: string, mode: "wx" | "r+", size: number): Promise<void> {
  const file = await open(path, mode, 0o640);
  try {
    await file.truncate(size);
  } finally {
    await file.close();
  }
}

/** Mounts live in many namespaces, but the loop device of a mounted image is seen from everywhere. */
async function isMounted(image: string): Promise<boolean> {
  return (await run("losetup", ["--associated", image])).trim() !== "";
}

/** resize2fs grows a mounted file system only where it sees the mount: the image is mounted once more for it. */
async function growMounted(image: string, stage: string, log: Log): Promise<void> {
  const script = `
    set -e
    mkdir -p -- "$2"
    mount -o loop -- "$1" "$2"
    device=$(findmnt -n -o SOURCE -- "$2")
    losetup -c "$device"
    resize2fs "$device"
  `;
  try {
    await run("unshare", [...privateMounts, "sh", "-c", script, "grow-file-system", image, stage]);
  } catch (failure) {
    if (!(failure instanceof CommandFailed)) throw failure;
    log(`Failed to update the container's filesystem: ${failure.message}`);
  }
}

async function growUnmounted(image: string): Promise<void> {
  // resize2fs insists on a check of its own date, even of a file system that was left clean.
  await run("e2fsck", ["-f", "-p", image]);
  await run("resize2fs", [image]);
}

const SUPERBLOCK = { offset: 1024, blocksCount: 0x4, blockSizeExponent: 0x18 };

/** Compares the size in ext4's superblock with the file's. Container images are below 16 TiB: 32 bits of blocks. */
async function isSmallerThanImage(image: string): Promise<boolean> {
  const file = await open(image, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(1024), 0, 1024, SUPERBLOCK.offset);
    const blockSize = 1024 << buffer.readUInt32LE(SUPERBLOCK.blockSizeExponent);
    const { size } = await file.stat();
    return buffer.readUInt32LE(SUPERBLOCK.blocksCount) * blockSize + blockSize <= size;
  } finally {
    await file.close();
  }
}
