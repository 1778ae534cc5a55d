import { chmod, chown, link, lstat, mkdir, readdir, rename, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type {
  ContainerSpec,
  Driver,
  InterfaceAddress,
  Log,
  Mount,
  PackRequest,
  PacketFilter,
  UnpackRequest,
  Volume,
} from "./driver";
import type { Machines } from "./machines";
import { MemoryMachines } from "./memory-machines";
import { packTree, readArchiveMember, unpackTree } from "./archives";
import { packOnce, unpackOnce } from "./known-archives";
import { CommandFailed, hasCode, run } from "../machine/child-process";
import { removeTree, setTime, timeOf } from "../machine/files";

/**
 * A machine on which no guest runs: volumes are folders, archives are real files, and a container runs because the
 * emulator's state says so. Needs neither root nor anything beyond tar and the compressors.
 */
export class MemoryDriver implements Driver {
  readonly name = "memory";
  readonly firewall: PacketFilter | undefined = undefined;
  readonly machines: Machines;

  constructor(machines: Machines = new MemoryMachines()) {
    this.machines = machines;
  }

  async createVolume(volume: Volume): Promise<void> {
    await mkdir(volume.path, { recursive: true });
  }

  /** Folders have no size: the emulator's state holds it. */
  async growVolume(): Promise<void> {}

  async removeVolume(volume: Volume): Promise<void> {
    await removeTree(volume.path);
  }

  /**
   * The tree is unpacked into the root's folder; what belongs to another volume is then moved there, which leaves
   * the empty folder behind that a mount covers on a real node.
   */
  async unpack(request: UnpackRequest, log: Log): Promise<void> {
    const { root, others } = splitMounts(request.mounts);
    await unpackOnce(request, log, async (lines) => {
      for (const mount of others) await makeMountPoint(root.path, mount.target);
      await unpackTree(request.archive, root.path, lines, request);
    });
    for (const mount of others.reverse()) await moveAside(root.path, mount);
  }

  pack(request: PackRequest, log: Log): Promise<{ tarBytes: number }> {
    return packOnce(request, log, async (lines) => {
      const tree = join(request.temporary, "tree");
      await assembleTree(request.mounts, tree);
      try {
        return await packTree({ ...request, tree, sources: ["."] }, lines);
      } finally {
        await removeTree(tree);
      }
    });
  }

  readMember(archive: string, member: string): Promise<string | undefined> {
    return readArchiveMember(archive, member);
  }

  /** Nobody signs in to a container that does not run. */
  async prepareFirstUse(): Promise<void> {}

  async start(): Promise<void> {}

  /** Where a volume is in the tree follows from the configuration, whenever somebody looks. */
  async attach(): Promise<void> {}

  async plug(): Promise<void> {}

  async stop(): Promise<void> {}

  async shutdown(): Promise<boolean> {
    return true;
  }

  /** There is no process to look at: the emulator's record counts. */
  async isRunning(): Promise<undefined> {
    return undefined;
  }

  async processId(): Promise<undefined> {
    return undefined;
  }

  async rootFileSystem(): Promise<undefined> {
    return undefined;
  }

  /** What a started container's network files would make of its configuration: static addresses, none by DHCP. */
  async interfaces(container: ContainerSpec): Promise<InterfaceAddress[]> {
    const loopback: InterfaceAddress = {
      name: "lo",
      hardwareAddress: "00:00:00:00:00:00",
      addresses: [
        { address: "127.0.0.1", prefix: 8, family: "inet" },
        { address: "::1", prefix: 128, family: "inet6" },
      ],
    };
    const cards = container.networks.map((network) => ({
      name: network.name,
      hardwareAddress: network.hardwareAddress,
      addresses: network.linkDown ? [] : [network.ip, network.ip6].flatMap((text) => staticAddress(text)),
    }));
    return [loopback, ...cards];
  }
}

function staticAddress(text: string | undefined): InterfaceAddress["addresses"] {
  const match = /^([0-9a-fA-F.:]+)\/(\d+)$/.exec(text ?? "");
  const [, address, prefix] = match ?? [];
  if (address === undefined || prefix === undefined) return [];
  return [{ address, prefix: Number(prefix), family: address.includes(":") ? "inet6" : "inet" }];
}

/** The root's volume, and the other mounts in the order in which they are mounted (outer before inner). */
function splitMounts(mounts: readonly Mount[]): { root: Volume; others: Mount[] } {
  const root = mounts.find((mount) => mount.target === "/");
  if (root === undefined) throw new Error("a container's tree needs a root");
  return { root: root.volume, others: mounts.filter((mount) => mount !== root) };
}

/**
 * A mount point's folder, made where it is missing.
 * @throws when a part of the path is a symbolic link: Proxmox follows none below a container's root either
 *   (PVE::LXC::walk_tree_nofollow), so that no archive can lead it out of the tree
 */
async function makeMountPoint(root: string, target: string): Promise<string> {
  let path = root;
  for (const part of target.split("/").filter((part) => part !== "")) {
    path = join(path, part);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) await mkdir(path);
    else if (!found.isDirectory())
      throw new CommandFailed("mount", undefined, `failed to open ${path}: Not a directory`);
  }
  return path;
}

async function moveAside(root: string, mount: Mount): Promise<void> {
  const folder = await makeMountPoint(root, mount.target);
  const times = [folder, dirname(folder)].map(async (path) => [path, timeOf(await lstat(path))] as const);
  const before = await Promise.all(times);
  await removeTree(mount.volume.path);
  await moveFolder(folder, mount.volume.path);
  await mkdir(folder);
  // On a node nothing was changed there: the mount covers what the archive has.
  for (const [path, time] of before) await setTime(path, time);
}

async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (failure) {
    if (!hasCode(failure, "EXDEV")) throw failure;
    await run("cp", ["--archive", from, to]);
    await removeTree(from);
  }
}

/**
 * Puts the volumes together as mounts would, with hard links: neither a copy of the data nor root's rights are needed.
 * A volume hides what the outer one has at its mount point.
 */
async function assembleTree(mounts: readonly Mount[], tree: string): Promise<void> {
  const { root, others } = splitMounts(mounts);
  await mkdir(dirname(tree), { recursive: true });
  await linkTree(root.path, tree);
  for (const mount of others) {
    const folder = await makeMountPoint(tree, mount.target);
    await removeTree(folder);
    await linkTree(mount.volume.path, folder);
  }
}

/** A copy of the tree whose files are hard links: copies where the two lie on different file systems. */
async function linkTree(from: string, to: string): Promise<void> {
  const facts = await lstat(from);
  if (facts.isDirectory()) {
    await mkdir(to, { recursive: true });
    for (const name of await readdir(from)) await linkTree(join(from, name), join(to, name));
    if (process.getuid?.() === 0) await chown(to, facts.uid, facts.gid);
    await chmod(to, facts.mode);
    await utimes(to, facts.atime, facts.mtime);
    return;
  }
  try {
    await link(from, to);
  } catch (failure) {
    if (!hasCode(failure, "EXDEV")) throw failure;
    await run("cp", ["--archive", "--no-target-directory", from, to]);
  }
}
