import type { Log } from "../../drivers/driver";
import { AgentSilent, type MachineDrive, type MachineSpec } from "../../drivers/machines";
import type { Node } from "../../model/site";
import type { GuestState } from "../../model/state";
import { death, failureText } from "../../protocol/failure";
import { cardsOf } from "../cards";
import { checkLock, loadGuest, storeGuest, withGuestLock, type LoadedGuest, type Section } from "../configuration";
import { enforceFirewall } from "../containers/enforce-firewall";
import { markStopped } from "../mark-stopped";
import { parseVolume } from "../storages";
import { activateFile, activateVolume, diskImage } from "../volumes";
import { agentEnabled } from "./agent-option";
import { bootOrder } from "./boot-order";
import { resolverOf } from "../../model/resolver";
import { readAddresses, seedFiles } from "./cloud-init";
import { memoryOf } from "./memory";
import { driveKeys, isDiscDrive, isSeed, readDrive } from "./drives";
import { applyPending } from "./pending";

/** Whether a machine runs: the driver knows, or the emulator's own record where no process exists. */
export async function isRunning(node: Node, guest: GuestState): Promise<boolean> {
  const running = await node.cluster.site.driver.machines.isRunning({ node: node.name, vmid: guest.vmid });
  if (running === undefined) return guest.status === "running";
  guest.status = running ? "running" : "stopped";
  return running;
}

/**
 * Whether a machine of the node runs, for an operation that asks before it reads the configuration (PVE::QemuServer::check_running).
 * @throws for one that is not there, in other words than the configuration's reader
 */
export async function runsHere(node: Node, vmid: number): Promise<boolean> {
  const guest = node.cluster.guest(vmid);
  if (guest?.type !== "qemu" || guest.node !== node.name) {
    throw death(`unable to find configuration file for VM ${vmid} on node '${node.name}'`);
  }
  return isRunning(node, guest);
}

/**
 * A machine as the driver needs it.
 * @throws `volume '…' does not exist`
 */
async function machineSpec(node: Node, vmid: number, { keys }: Section): Promise<MachineSpec> {
  const drives: MachineDrive[] = [];
  for (const key of driveKeys(keys)) drives.push(await driveOf(node, key, keys.get(key) ?? ""));
  return {
    node: node.name,
    vmid,
    name: keys.get("name") ?? `VM${vmid}`,
    memory: memoryOf(keys),
    cores: Number(keys.get("sockets") ?? 1) * Number(keys.get("cores") ?? 1),
    drives,
    cards: cardsOf(keys).map((card) => ({ ...card, addresses: addressesOf(card.number, keys) })),
    boot: bootOrder(keys),
    uuid: /(?:^|,)uuid=([^,]*)/.exec(keys.get("smbios1") ?? "")?.[1],
    agent: agentEnabled(keys),
  };
}

async function driveOf(node: Node, key: string, text: string): Promise<MachineDrive> {
  const drive = readDrive(key, text);
  const isDisc = isDiscDrive(drive);
  if (!drive.file.includes(":")) return { key, image: undefined, isDisc };
  if (parseVolume(node.cluster, drive.file).content !== "images") {
    return { key, image: { path: node.path(await activateFile(node, drive.file)), format: "raw" }, isDisc };
  }
  return { key, image: diskImage(node, await activateVolume(node, drive.file)), isDisc };
}

/** Fixed addresses that cloud-init gives a card. */
function addressesOf(card: number, keys: ReadonlyMap<string, string>): string[] {
  const { ip, ip6 } = readAddresses(keys.get(`ipconfig${card}`) ?? "");
  return [ip, ip6].filter((address) => address !== undefined).filter((address) => address.includes("/"));
}

/**
 * Starts a machine, pending changes first (PVE::QemuServer::vm_start_nolock). The caller holds the guest's lock.
 * @param memory volume with the memory that a snapshot kept: the machine goes on from there
 */
export async function startMachine(node: Node, loaded: LoadedGuest, log: Log, memory?: string): Promise<void> {
  const { guest, configuration } = loaded;
  const { driver } = node.cluster.site;
  // Its machines start by SeaBIOS: a guest that needs the other firmware would find no disk to boot from.
  if (driver.name === "real" && configuration.keys.get("bios") === "ovmf") {
    throw death("the sandbox has no UEFI firmware");
  }
  if (configuration.pending.keys.size > 0 && memory === undefined) {
    await applyPending(node, guest.vmid, configuration, log);
    storeGuest(node, "qemu", guest.vmid, configuration);
  }
  if (memory === undefined) await writeSeed(node, guest.vmid, configuration, log);
  const spec = await machineSpec(node, guest.vmid, configuration);
  const file = memory === undefined ? undefined : diskImage(node, await activateVolume(node, memory)).path;
  try {
    await enforceFirewall(node.cluster.site);
    await driver.machines.start(spec, file);
  } catch (failure) {
    throw death(`start failed: ${failureText(failure)}`);
  }
  guest.status = "running";
  guest.startedAt = node.clock.seconds();
  delete guest.isPaused;
  node.cluster.save();
}

/** What cloud-init reads is written anew at each start. */
async function writeSeed(node: Node, vmid: number, { keys }: Section, log: Log): Promise<void> {
  for (const key of driveKeys(keys)) {
    const drive = readDrive(key, keys.get(key) ?? "");
    if (!isSeed(drive)) continue;
    log("generating cloud-init ISO");
    const volume = await activateVolume(node, drive.file);
    await node.cluster.site.driver.machines.writeSeed(diskImage(node, volume), seedFiles(keys, vmid, resolverOf(node)));
  }
}

/** Ends a machine at once. */
export async function killMachine(node: Node, { guest }: LoadedGuest): Promise<void> {
  await node.cluster.site.driver.machines.stop({ node: node.name, vmid: guest.vmid });
  markStopped(node, guest);
}

/**
 * Presses a machine's power button (PVE::QemuServer::vm_stop).
 * @param timeout seconds
 * @param force ends it at once when the time is up
 * @throws `VM quit/powerdown failed - got timeout`
 */
export async function shutDownMachine(node: Node, loaded: LoadedGuest, timeout: number, force: boolean): Promise<void> {
  const { machines } = node.cluster.site.driver;
  if (await machines.shutdown({ node: node.name, vmid: loaded.guest.vmid }, timeout)) {
    return markStopped(node, loaded.guest);
  }
  if (!force) throw death("VM quit/powerdown failed - got timeout");
  await killMachine(node, loaded);
}

/**
 * The worker of `status/start`, also of a machine that is started after it was made (PVE::QemuServer::vm_start).
 * @param skipLock passes over the `lock` of the configuration
 */
export async function startWorker(node: Node, vmid: number, log: Log, skipLock = false): Promise<void> {
  await withGuestLock(
    node,
    "qemu",
    vmid,
    async () => {
      const loaded = loadGuest(node, "qemu", vmid);
      const { keys } = loaded.configuration;
      if (keys.get("template") === "1") throw death("you can't start a vm if it's a template");
      if (!skipLock) checkLock("qemu", loaded.configuration);
      if (await isRunning(node, loaded.guest)) throw death(`VM ${vmid} already running`);
      await startMachine(node, loaded, log);
    },
    log,
  );
}

/**
 * Asks the agent in a running machine.
 * @throws AgentSilent; Error with the agent's own text
 */
export async function askAgent(
  node: Node,
  vmid: number,
  configuration: Section,
  command: string,
  parameters?: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { faults, driver } = node.cluster.site;
  if (faults.hit("agent-silent", { node: node.name, vmid: String(vmid) }) !== undefined) {
    throw new AgentSilent("nothing answers on the agent's channel");
  }
  return driver.machines.agent(await machineSpec(node, vmid, configuration), command, parameters);
}
