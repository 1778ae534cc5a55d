import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { siteGuestName, inNetwork, type SiteNames } from "../../machine/names";
import { endProcesses } from "../../machine/processes";
import { CommandFailed, run } from "../../machine/child-process";
import type { ContainerCards, ContainerSpec, InterfaceAddress } from "../driver";
import { devicesOf, plugLines, unplugLines } from "./card-devices";
import { findInit, findMonitors, processesOfContainer, runs } from "./container-processes";
import { withHeldProcess } from "./held-process";
import { lxcConfiguration } from "./lxc-configuration";
import { mountArguments, mountScript, privateMounts } from "./mounted-tree";
import { SiteLinks } from "./site-links";

/** How often, and how many milliseconds apart, a monitor is looked at that has nothing left to watch over. */
const monitorGoes = { looks: 600, apart: 50 };

/**
 * Starts and ends LXC containers in the network namespace of a site. LXC's command socket is abstract and thus part of
 * that namespace: every `lxc-*` command runs in it.
 */
export class Containers {
  readonly #names: SiteNames;
  readonly #nodes: readonly string[];
  readonly #links: SiteLinks;

  constructor(names: SiteNames, nodes: readonly string[]) {
    this.#names = names;
    this.#nodes = nodes;
    this.#links = new SiteLinks(names);
  }

  /** Starts a container whose files are prepared. Rejects with LXC's own words when it does not come up. */
  async start(container: ContainerSpec, haltSignal: string): Promise<void> {
    const name = this.#name(container);
    const cards = container.networks.map(({ number }) => devicesOf(this.#nodes, { ...container, number }).card);
    await this.#links.requireBridges("lxc-start", container.networks);
    const folder = join(this.#names.containersFolder, name);
    const rootFolder = join(folder, "rootfs");
    await mkdir(rootFolder, { recursive: true });
    const configuration = lxcConfiguration(container, {
      rootFolder,
      cards,
      haltSignal,
      controlGroups: existsSync("/sys/fs/cgroup/cgroup.controllers") ? 2 : 1,
      processors: cpus().length,
    });
    await writeFile(join(folder, "config"), configuration);
    await this.#launch(name, folder, mountArguments(rootFolder, container.mounts, container.bindMounts));
    await this.plug(container);
  }

  /** Puts the host's ends of a running container's cards on their bridges. */
  async plug(container: ContainerCards): Promise<void> {
    await this.#links.change((present) => plugLines(container, this.#nodes, present));
  }

  async stop(container: ContainerSpec): Promise<void> {
    const name = this.#name(container);
    if (!(await this.isRunning(container.node, container.vmid))) return;
    // LXC itself may be stuck or its monitor dead; the processes are then ended one by one.
    await this.#lxc("lxc-stop", name, ["--kill"]).catch(() => undefined);
    await this.#killLeftovers(name);
    await this.#waitForMonitor(name);
    await this.#forget(container);
  }

  async shutdown(container: ContainerSpec, timeout: number): Promise<boolean> {
    const name = this.#name(container);
    if (!(await this.isRunning(container.node, container.vmid))) return true;
    await this.#lxc("lxc-stop", name, ["--nokill", "--timeout", String(timeout)]).catch(() => undefined);
    if ((await this.processId(container.node, container.vmid)) !== undefined) return false;
    await this.#waitForMonitor(name);
    await this.#forget(container);
    return true;
  }

  isRunning(node: string, vmid: number): Promise<boolean> {
    return runs(this.#names.containersFolder, siteGuestName(this.#names, node, vmid));
  }

  processId(node: string, vmid: number): Promise<number | undefined> {
    return findInit(this.#names.containersFolder, siteGuestName(this.#names, node, vmid));
  }

  /** What `ip` says in the container's own network namespace. */
  async interfaces(container: ContainerSpec): Promise<InterfaceAddress[] | undefined> {
    const pid = await this.processId(container.node, container.vmid);
    if (pid === undefined) return undefined;
    const text = await run("nsenter", [`--net=/proc/${pid}/ns/net`, "ip", "-json", "address"]);
    return interfaceList.parse(JSON.parse(text)).map((found) => ({
      name: found.ifname,
      hardwareAddress: found.address ?? "",
      addresses: found.addr_info.map(({ local, prefixlen, family }) => ({ address: local, prefix: prefixlen, family })),
    }));
  }

  /** Freezes a running container while `work` runs; a killed emulator leaves it thawed. */
  whileFrozen<Result>(node: string, vmid: number, work: () => Promise<Result>): Promise<Result> {
    const name = siteGuestName(this.#names, node, vmid);
    return withHeldProcess(
      inNetwork(this.#names),
      {
        prepare: 'lxc-freeze --name="$1" --lxcpath="$2"',
        release: 'lxc-unfreeze --name="$1" --lxcpath="$2"',
        arguments: [name, this.#names.containersFolder],
      },
      work,
    );
  }

  async #launch(name: string, folder: string, mounts: readonly string[]): Promise<void> {
    const log = join(folder, "start.log");
    await rm(log, { force: true });
    const script = `${mountScript}\nexec lxc-start --name="$LXC_NAME" --lxcpath="$LXC_PATH" --logfile="$LXC_LOG" --logpriority=WARN`;
    const [program, ...wrapper] = inNetwork(this.#names);
    const variables = [`LXC_NAME=${name}`, `LXC_PATH=${this.#names.containersFolder}`, `LXC_LOG=${log}`];
    try {
      await run(program, [
        ...wrapper,
        "env",
        ...variables,
        "unshare",
        ...privateMounts,
        "sh",
        "-c",
        script,
        "lxc-start",
        ...mounts,
      ]);
    } catch (failure) {
      await this.#waitForMonitor(name);
      const reason = await startFailure(log);
      throw reason === undefined ? failure : new CommandFailed("lxc-start", undefined, reason);
    }
  }

  async #killLeftovers(name: string): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const pids = await processesOfContainer(name);
      if (pids.length === 0) return;
      for (const pid of pids) endProcess(pid);
      await sleep(50);
    }
    throw new CommandFailed("lxc-stop", undefined, `processes of ${name} do not end`);
  }

  /** A monitor cleans up when its container has ended; until it is gone, the container counts as running. One that is stuck is ended. */
  async #waitForMonitor(name: string): Promise<void> {
    for (let look = 0; look < monitorGoes.looks; look += 1) {
      if (!findMonitors(this.#names.containersFolder).has(name)) return;
      await sleep(monitorGoes.apart);
    }
    await endProcesses(findMonitors(this.#names.containersFolder).get(name) ?? []);
  }

  async #forget(container: ContainerSpec): Promise<void> {
    await rm(join(this.#names.containersFolder, this.#name(container)), { recursive: true, force: true });
    await this.#links.change((present) => unplugLines(this.#nodes, container, present));
  }

  async #lxc(command: string, name: string, options: readonly string[]): Promise<string> {
    const [program, ...wrapper] = inNetwork(this.#names);
    return run(program, [...wrapper, command, "--name", name, "--lxcpath", this.#names.containersFolder, ...options]);
  }

  #name(container: ContainerSpec): string {
    return siteGuestName(this.#names, container.node, container.vmid);
  }
}

const interfaceList = z.array(
  z.object({
    ifname: z.string(),
    address: z.string().optional(),
    addr_info: z.array(z.object({ family: z.enum(["inet", "inet6"]), local: z.string(), prefixlen: z.number() })),
  }),
);

/** LXC's first error in its log, without time and place; the later ones only say that the container did not start. */
async function startFailure(log: string): Promise<string | undefined> {
  const lines = (await readFile(log, "utf8").catch(() => "")).split("\n");
  return lines.map((line) => / ERROR +\S+ - [^-]*? - (.*)$/.exec(line)?.[1]).find((message) => message !== undefined);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}
