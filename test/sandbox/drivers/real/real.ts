import { mkdir, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { siteNames, type SiteNames } from "../../machine/names";
import { packTree, readArchiveMember, unpackTree } from "../archives";
import type {
  ContainerCards,
  ContainerSpec,
  Driver,
  FirstUse,
  InterfaceAddress,
  Log,
  Mount,
  PackRequest,
  UnpackRequest,
  Volume,
} from "../driver";
import { attachMounts } from "./attach-mounts";
import { Containers } from "./containers";
import { QemuMachines } from "./machines/qemu-machines";
import { NamespaceFirewall } from "./namespace-firewall";
import { prepareFirstUse } from "./first-use";
import { GuestTree } from "./guest-tree";
import { withMountedTree } from "./mounted-tree";
import { haltSignal, writeStartFiles } from "./prepare-start";
import { catchUpGrowth, createVolume, growVolume, removeVolume } from "./volumes";

/**
 * Real containers on this machine: volumes are ext4 images on loop devices, guests are LXC containers in the network
 * namespace of the site. Needs root and Debian's `lxc`. Virtual machines are QEMU's.
 *
 * The containers are privileged ones. In the archives this makes no difference: Proxmox packs an unprivileged container
 * from inside its user namespace, so that the owners are the container's own numbers there as well.
 */
export class RealDriver implements Driver {
  readonly name = "real";
  readonly firewall: NamespaceFirewall;
  readonly machines: QemuMachines;
  readonly #names: SiteNames;
  readonly #containers: Containers;

  /**
   * @param stateFolder folder of the sandbox; its network namespace must be up before a container is started
   * @param nodes names of all nodes of the site, always in the same order
   */
  constructor(stateFolder: string, nodes: readonly string[]) {
    this.#names = siteNames(stateFolder);
    this.#containers = new Containers(this.#names, nodes);
    this.machines = new QemuMachines(this.#names, nodes);
    this.firewall = new NamespaceFirewall(this.#names, nodes);
  }

  createVolume(volume: Volume): Promise<void> {
    return createVolume(volume);
  }

  growVolume(volume: Volume, size: number, log: Log): Promise<void> {
    return growVolume(volume, size, this.#names.stageFolder, log);
  }

  removeVolume(volume: Volume): Promise<void> {
    return removeVolume(volume);
  }

  unpack(request: UnpackRequest, log: Log): Promise<void> {
    return withMountedTree(this.#names.stageFolder, request.mounts, (tree) =>
      unpackTree(request.archive, tree, log, request),
    );
  }

  /** A running container is frozen meanwhile: what is read is of one moment, as with Proxmox's `suspend`. */
  async pack(request: PackRequest, log: Log): Promise<{ tarBytes: number }> {
    await mkdir(request.temporary, { recursive: true });
    const pack = (): Promise<{ tarBytes: number }> =>
      withMountedTree(this.#names.stageFolder, request.mounts, async (tree) =>
        packTree({ ...request, tree, sources: await tarSources(tree, request.mounts) }, log),
      );
    const { running } = request;
    if (running === undefined || !(await this.isRunning(running.node, running.vmid))) return pack();
    return this.#containers.whileFrozen(running.node, running.vmid, pack);
  }

  readMember(archive: string, member: string): Promise<string | undefined> {
    return readArchiveMember(archive, member);
  }

  prepareFirstUse(container: ContainerSpec, first: FirstUse): Promise<void> {
    return this.#withTree(container, (tree) => prepareFirstUse(tree, container, first));
  }

  async start(container: ContainerSpec): Promise<void> {
    for (const { volume } of container.mounts) await catchUpGrowth(volume);
    const signal = await this.#withTree(container, async (tree) => {
      await writeStartFiles(tree, container);
      return haltSignal(tree);
    });
    await this.#containers.start(container, signal);
  }

  async attach({ node, vmid, mounts, bindMounts }: Parameters<Driver["attach"]>[0]): Promise<void> {
    const init = await this.processId(node, vmid);
    if (init === undefined) throw new Error(`container ${vmid} is not running`);
    await attachMounts(init, this.#names.stageFolder, mounts, bindMounts);
  }

  plug(container: ContainerCards): Promise<void> {
    return this.#containers.plug(container);
  }

  stop(container: ContainerSpec): Promise<void> {
    return this.#containers.stop(container);
  }

  shutdown(container: ContainerSpec, timeout: number): Promise<boolean> {
    return this.#containers.shutdown(container, timeout);
  }

  isRunning(node: string, vmid: number): Promise<boolean> {
    return this.#containers.isRunning(node, vmid);
  }

  processId(node: string, vmid: number): Promise<number | undefined> {
    return this.#containers.processId(node, vmid);
  }

  async rootFileSystem(node: string, vmid: number): Promise<{ total: number; used: number } | undefined> {
    const init = await this.processId(node, vmid);
    if (init === undefined) return undefined;
    const { bsize, blocks, bfree } = await statfs(`/proc/${init}/root`);
    return { total: blocks * bsize, used: (blocks - bfree) * bsize };
  }

  interfaces(container: ContainerSpec): Promise<InterfaceAddress[] | undefined> {
    return this.#containers.interfaces(container);
  }

  #withTree<Result>(container: ContainerSpec, use: (tree: GuestTree) => Promise<Result>): Promise<Result> {
    return withMountedTree(this.#names.stageFolder, container.mounts, (tree) => use(new GuestTree(tree)));
  }
}

/** The root and each mount that tar, which stays on one file system, would not enter from the folder around it. */
async function tarSources(tree: string, mounts: readonly Mount[]): Promise<string[]> {
  const sources = ["."];
  for (const { target } of mounts) {
    if (target === "/") continue;
    const [inside, around] = await Promise.all([stat(tree + target), stat(tree + dirname(target))]);
    if (inside.dev !== around.dev) sources.push(`.${target}`);
  }
  return sources;
}
