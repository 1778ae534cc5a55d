import { mkdir, rm } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { CommandFailed, run } from "../../../machine/child-process";
import { exists } from "../../../machine/files";
import { inNetwork, siteGuestName, type SiteNames } from "../../../machine/names";
import { endProcesses } from "../../../machine/processes";
import type { Image, MachineId, Machines, MachineSpec, SeedFiles } from "../../machines";
import { AgentSilent } from "../../machines";
import { devicesOf, plugLines, unplugLines } from "../card-devices";
import { SiteLinks } from "../site-links";
import { QEMU, qemuWords } from "./command-line";
import { blockNode } from "./drive-words";
import { askAgent } from "./guest-agent";
import { copyImage, createImage, growImage, imageSize, notInstalled, writeSeed } from "./images";
import { findMachines } from "./machine-processes";
import { loadMemory, saveMemory } from "./memory";
import { Monitor, MonitorSilent, untilEnd } from "./qmp";

/** Milliseconds that QEMU has to end by itself: it writes what it holds of images before its sockets go, and its process. */
const QUIT_LIMIT = 30_000;

/**
 * Virtual machines of QEMU with emulated processors, in the network namespace of a site. They belong to no emulator: one that
 * was killed and started again finds them by their names and sockets.
 *
 * A card without a bridge is connected to nothing; Proxmox would give it QEMU's own NAT, which here would lead to the nodes.
 */
export class QemuMachines implements Machines {
  readonly #names: SiteNames;
  readonly #nodes: readonly string[];
  readonly #links: SiteLinks;
  /** The last conversation with each agent, which talks to one at a time. */
  readonly #turns = new Map<string, Promise<unknown>>();

  /** @param nodes names of all nodes of the site, always in the same order */
  constructor(names: SiteNames, nodes: readonly string[]) {
    this.#names = names;
    this.#nodes = nodes;
    this.#links = new SiteLinks(names);
  }

  createImage(image: Image, size: number): Promise<void> {
    return createImage(image, size);
  }

  async growImage(image: Image, size: number, running: (MachineId & { drive: string }) | undefined): Promise<void> {
    if (running === undefined) return growImage(image, size);
    await this.#monitor(running, (monitor) =>
      monitor.execute("block_resize", { "node-name": blockNode(running.drive), size }),
    );
  }

  copyImage(from: Image, to: Image): Promise<void> {
    return copyImage(from, to);
  }

  imageSize(image: Image): Promise<number> {
    return imageSize(image);
  }

  writeSeed(image: Image, files: SeedFiles): Promise<void> {
    return writeSeed(image, files);
  }

  async start(machine: MachineSpec, memory?: string): Promise<void> {
    if (await this.isRunning(machine)) throw new Error(`virtual machine ${machine.vmid} is running`);
    await this.#links.requireBridges(QEMU, machine.cards);
    const folder = this.#folder(machine);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await this.#launch(machine, folder, memory === undefined ? [] : ["-incoming", "defer"]);
    try {
      const { node, vmid, cards: networks } = machine;
      await this.#links.change((present) => plugLines({ node, vmid, networks }, this.#nodes, present));
      await this.#monitor(machine, async (monitor) => {
        for (const { number, linkDown } of machine.cards)
          if (linkDown) await monitor.execute("set_link", { name: `net${number}`, up: false });
        if (memory !== undefined) await loadMemory(monitor, folder, memory);
        await monitor.execute("cont");
      });
    } catch (failure) {
      await this.stop(machine);
      throw failure;
    }
  }

  async stop(machine: MachineId): Promise<void> {
    const folder = this.#folder(machine);
    if (await this.isRunning(machine)) {
      await Monitor.talk(folder, (monitor) => monitor.execute("quit"), QUIT_LIMIT).catch(() => undefined);
      await untilEnd(folder, QUIT_LIMIT);
      await endProcesses(this.#processes(machine), QUIT_LIMIT);
    }
    await this.#forget(machine);
  }

  async shutdown(machine: MachineId, timeout: number): Promise<boolean> {
    if (!(await this.isRunning(machine))) return true;
    const [, isOver] = await Promise.all([
      this.#monitor(machine, (monitor) => monitor.execute("system_powerdown")),
      untilEnd(this.#folder(machine), timeout * 1000),
    ]);
    if (!isOver) return false;
    await endProcesses(this.#processes(machine), QUIT_LIMIT);
    await this.#forget(machine);
    return true;
  }

  async reset(machine: MachineId): Promise<void> {
    await this.#monitor(machine, (monitor) => monitor.execute("system_reset"));
  }

  async monitor(machine: MachineId, line: string): Promise<string> {
    const words = { "command-line": line };
    return String(await this.#monitor(machine, (monitor) => monitor.execute("human-monitor-command", words)));
  }

  async pause(machine: MachineId): Promise<void> {
    await this.#monitor(machine, (monitor) => monitor.execute("stop"));
  }

  async resume(machine: MachineId): Promise<void> {
    await this.#monitor(machine, (monitor) => monitor.execute("cont"));
  }

  saveMemory(machine: MachineId, file: string): Promise<void> {
    return this.#monitor(machine, (monitor) => saveMemory(monitor, this.#folder(machine), file));
  }

  async isRunning(machine: MachineId): Promise<boolean> {
    return this.#processes(machine).length > 0;
  }

  async processId(machine: MachineId): Promise<number | undefined> {
    return this.#processes(machine)[0];
  }

  async agent(machine: MachineSpec, command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (!(await this.isRunning(machine))) throw new AgentSilent("QEMU guest agent is not running");
    const folder = this.#folder(machine);
    const earlier = this.#turns.get(folder) ?? Promise.resolve();
    const turn = earlier.catch(() => undefined).then(() => askAgent(folder, command, parameters));
    this.#turns.set(folder, turn);
    return turn;
  }

  /** Rejects with QEMU's own words when it ends at once. */
  async #launch(machine: MachineSpec, folder: string, more: readonly string[]): Promise<void> {
    const words = qemuWords(machine, {
      name: this.#name(machine),
      processors: cpus().length,
      device: ({ number }) => devicesOf(this.#nodes, { ...machine, number }).card,
    });
    const [program, ...wrapper] = inNetwork(this.#names);
    try {
      await run(program, [...wrapper, `--wd=${folder}`, "--", QEMU, ...words, ...more]);
    } catch (failure) {
      await this.#forget(machine);
      if (failure instanceof CommandFailed && failure.message.includes(`execute ${QEMU}`)) throw notInstalled(QEMU);
      throw failure;
    }
  }

  #monitor<Result>(machine: MachineId, use: (monitor: Monitor) => Promise<Result>): Promise<Result> {
    return Monitor.talk(this.#folder(machine), use).catch((failure: unknown) => {
      if (!(failure instanceof MonitorSilent)) throw failure;
      throw new Error(`virtual machine ${machine.vmid}: ${failure.message}`);
    });
  }

  /** Files of a machine that has ended, and what its cards leave in the site's network. */
  async #forget(machine: MachineId): Promise<void> {
    const folder = this.#folder(machine);
    if (!(await exists(folder))) return;
    this.#turns.delete(folder);
    await this.#links.change((present) => unplugLines(this.#nodes, machine, present));
    await rm(folder, { recursive: true, force: true });
  }

  #processes(machine: MachineId): readonly number[] {
    const name = this.#name(machine);
    return findMachines((found) => found === name).get(name) ?? [];
  }

  #folder({ node, vmid }: MachineId): string {
    return join(this.#names.machinesFolder, `${node}-${vmid}`);
  }

  #name({ node, vmid }: MachineId): string {
    return siteGuestName(this.#names, node, vmid);
  }
}
