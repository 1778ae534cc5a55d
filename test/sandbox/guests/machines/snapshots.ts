import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Log } from "../../drivers/driver";
import type { Image } from "../../drivers/machines";
import type { Node } from "../../model/site";
import { failureText } from "../../protocol/failure";
import type { Configuration, LoadedGuest, Section } from "../configuration";
import type { SnapshotKind } from "../snapshots";
import { activateVolume, allocateVolume, diskImage } from "../volumes";
import { freezesFileSystems } from "./agent-option";
import { haveFeature } from "./disk-features";
import { driveKeys, driveVolume, readDrive } from "./drives";
import { whileHeld } from "./hold";
import { memoryOf } from "./memory";
import { askAgent, isRunning, killMachine, startMachine } from "./runtime";
import { RUNNING_MACHINE } from "./status";

const MEBIBYTE = 1024 ** 2;

/** MiB beside twice the memory: room for the devices' state (PVE::QemuConfig::__snapshot_save_vmstate). */
const DEVICE_STATE = 500;

function volumesOf({ keys }: Section): string[] {
  return driveKeys(keys).flatMap((key) => driveVolume(readDrive(key, keys.get(key) ?? "")) ?? []);
}

/** The image, and the one beside it that stands for its snapshot. */
async function imagesOf(node: Node, volid: string, name: string): Promise<{ disk: Image; kept: Image }> {
  const disk = diskImage(node, await activateVolume(node, volid));
  return { disk, kept: { ...disk, path: `${disk.path}@${name}` } };
}

export const machineSnapshots: SnapshotKind = {
  type: "qemu",
  isPossible: (node, section) => haveFeature(node, "snapshot", section, undefined),
  volumes: volumesOf,
  allVolumes: volumesOf,
  isRunning,
  stop: killMachine,
  whileStill: holdStill,
  keep: async (node, volid, name) => {
    const { disk, kept } = await imagesOf(node, volid, name);
    await node.cluster.site.driver.machines.copyImage(disk, kept);
  },
  bringBack: async (node, volid, name) => {
    const { disk, kept } = await imagesOf(node, volid, name);
    await node.cluster.site.driver.machines.copyImage(kept, disk);
  },
  forget: async (node, volid, name) => {
    const { kept } = await imagesOf(node, volid, name);
    await rm(kept.path, { force: true });
  },
  changeBack: ({ keys }) => {
    for (const key of ["runningmachine", "runningcpu"]) keys.delete(key);
    if (keys.has("vmgenid")) keys.set("vmgenid", randomUUID());
  },
  stateVolume,
  keepMemory: async (node, vmid, volid) => {
    const { path } = diskImage(node, await activateVolume(node, volid));
    await node.cluster.site.driver.machines.saveMemory({ node: node.name, vmid }, path);
  },
  wake: (node, loaded, memory, log) => startMachine(node, loaded, log, memory),
};

async function stateVolume(
  node: Node,
  vmid: number,
  { keys }: Configuration,
  name: string,
  log: Log,
): Promise<ReadonlyMap<string, string>> {
  const [first] = volumesOf({ keys: new Map(keys), raw: [] });
  const storage = keys.get("vmstatestorage") ?? (first === undefined ? "local" : storageOf(first));
  const size = (2 * memoryOf(keys) + DEVICE_STATE) * MEBIBYTE;
  const wanted = { storage, vmid, size, format: "raw", purpose: `state-${name}`, isDisk: true } as const;
  const { volid } = await allocateVolume(node, wanted, log);
  return new Map([
    ["vmstate", volid],
    ["runningmachine", RUNNING_MACHINE],
    ["runningcpu", "kvm64,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+lahf_lm,+sep"],
  ]);
}

/** Freezes the file systems where an agent answers, and holds the processors meanwhile. */
async function holdStill(
  node: Node,
  { guest, configuration }: LoadedGuest,
  snapshot: Section,
  log: Log,
  work: () => Promise<void>,
): Promise<void> {
  if (!(await isRunning(node, guest))) return work();
  const freezes = freezesFileSystems(configuration.keys) && !snapshot.keys.has("vmstate");
  const frozen = freezes && (await freeze(node, guest.vmid, configuration, log));
  try {
    await whileHeld(node, guest, work);
  } finally {
    if (frozen) await askAgent(node, guest.vmid, configuration, "guest-fsfreeze-thaw").catch(() => undefined);
  }
}

/** @returns whether the file systems are frozen; a silent agent is only told in the task's log */
async function freeze(node: Node, vmid: number, configuration: Section, log: Log): Promise<boolean> {
  try {
    await askAgent(node, vmid, configuration, "guest-fsfreeze-freeze");
    return true;
  } catch (failure) {
    log(failureText(failure));
    return false;
  }
}
