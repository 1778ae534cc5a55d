import { dropUsedFromUnused } from "../unused-volumes";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isDriveKey } from "../../../../proxmox/rules/property-strings";
import type { Call } from "../../calls/endpoint";
import { checkSkipLock } from "../../calls/skip-lock";
import type { Log } from "../../drivers/driver";
import { findSchema } from "../../protocol/parameter-check";
import { death, failureText, parameterFailure } from "../../protocol/failure";
import { checkLock, checkProtection, loadGuest, storeGuest, withGuestLock, type Configuration } from "../configuration";
import { parseVolume } from "../storages";
import { activateFile, freeVolume, ownerOf } from "../volumes";
import { checkValues, settleValues } from "./check-values";
import { bootDevices } from "./boot-order";
import { withDiscDrive } from "./create";
import { plainValue } from "./plain-value";
import {
  checkDrives,
  checkTpmVersion,
  createDrive,
  driveKeys,
  driveVolume,
  isDiscDrive,
  isReadable,
  isSeed,
  readDrive,
  withMedia,
} from "./drives";
import { MACHINE_OPTIONS } from "./parameters";
import { checkClipboard, checkMachineType, pinnedMachine } from "./machine-type";
import { memoryOf } from "./memory";
import { forgetLater, isFast, removeLater } from "./pending";
import { releaseDrive } from "./released-drive";
import { isRunning } from "./runtime";
import {
  checkBridges,
  checkDevice,
  checkDriveRights,
  checkOptionGroups,
  checkStorageAccess,
  isDeviceKey,
  type MachineChange,
} from "./permissions";

/** What a request asks of a machine's configuration. */
export interface MachineUpdate {
  change: MachineChange;
  values: ReadonlyMap<string, string>;
  removed: readonly string[];
  reverted: readonly string[];
  /** A removed disk is deleted, rather than kept as an unused one. */
  force: boolean;
  /** The request as the task's log tells it. */
  words: string;
}

const OWN = [
  "node",
  "vmid",
  "delete",
  "revert",
  "digest",
  "skiplock",
  "force",
  "background_delay",
  "import-working-storage",
];

/**
 * Reads a change, and checks what Proxmox checks before it starts a task or takes the lock (PVE::API2::Qemu,
 * $update_vm_api). @param removal names the list of what goes, where a request has another one
 */
export async function readUpdate(call: Call, removal = "delete"): Promise<MachineUpdate> {
  const { parameters, authority, cluster, node } = call;
  const vmid = parameters.requiredInteger("vmid");
  const sent = parameters.entries(...OWN, removal);
  const values = withDiscDrive(sent);
  const removed = parameters.list(removal).map((key) => (key === "cdrom" ? "ide2" : key));
  const reverted = parameters.list("revert");
  checkValues(values);
  checkSkipLock(call);
  settleValues(values);
  if (values.size === 0 && removed.length === 0 && reverted.length === 0) throw death("no options specified");
  checkNames(values, removed, reverted);
  checkDrives(node, values);
  await checkHookScript(call, values.get("hookscript"));
  const change = { cluster, authority, vmid };
  checkOptionGroups(change, removed);
  checkOptionGroups(change, [...values.keys()]);
  checkStorageAccess(change, values, parameters.text("import-working-storage"));
  checkBridges(change, values);
  checkPresent(call, vmid, values);
  return { change, values, removed, reverted, force: parameters.flag("force") === true, words: wordsOf(call, removal) };
}

/** `-delete net0 -memory 512`, by name; a password is not told. */
function wordsOf({ parameters }: Call, removal: string): string {
  return parameters
    .entries("node", "vmid", "digest", "background_delay", "import-working-storage")
    .map(([key, value]): [string, string] => [key === removal ? "delete" : key, value])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `-${key} ${key === "cipassword" ? "<hidden>" : value}`)
    .join(" ");
}

/** Options that are unknown, or named twice in ways that contradict each other. */
function checkNames(
  values: ReadonlyMap<string, string>,
  removed: readonly string[],
  reverted: readonly string[],
): void {
  for (const key of reverted) {
    if (findSchema(MACHINE_OPTIONS, key) === undefined) throw parameterFailure({ revert: `unknown option '${key}'` });
    // Proxmox tells this one under `delete`.
    if (values.has(key)) throw parameterFailure({ delete: contradiction(key, `-revert ${key}`) });
  }
  for (const key of removed) {
    if (values.has(key)) throw parameterFailure({ delete: contradiction(key, `-delete ${key}`) });
    if (reverted.includes(key)) {
      throw parameterFailure({ revert: `you can't use '-delete ${key}' and -revert ${key}' at the same time` });
    }
    if (findSchema(MACHINE_OPTIONS, key) === undefined) throw parameterFailure({ delete: `unknown option '${key}'` });
  }
}

/** Proxmox's own quotes, the missing one included. */
function contradiction(key: string, other: string): string {
  return `you can't use '-${key}' and ${other}' at the same time`;
}

/** (PVE::GuestHelpers::check_hookscript) */
async function checkHookScript(call: Call, volid: string | undefined): Promise<void> {
  if (volid === undefined) return;
  if (contentOf(call, volid) !== "snippets") throw hookFailure(`'${volid}' is not in the snippets directory`);
  const path = await activateFile(call.node, volid).catch(() => undefined);
  if (path === undefined) throw hookFailure(`script '${volid}' does not exist`);
  const isExecutable = await access(call.node.path(path), constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isExecutable) throw hookFailure(`script '${volid}' is not executable`);
}

/** @throws as the parameter's problem for a storage that there is not */
function contentOf({ cluster }: Call, volid: string): string {
  try {
    return parseVolume(cluster, volid).content;
  } catch (failure) {
    throw hookFailure(failureText(failure).trimEnd());
  }
}

function hookFailure(text: string): Error {
  return parameterFailure({ hookscript: `${text}\n` });
}

/** What is looked at before a task is started, and under the lock again. */
function checkPresent(call: Call, vmid: number, values: ReadonlyMap<string, string>): Configuration {
  const { parameters, node } = call;
  const { configuration } = loadGuest(node, "qemu", vmid);
  const digest = parameters.text("digest");
  if (digest !== undefined && digest !== configuration.digest) {
    throw death("checksum mismatch (file change by other user?)");
  }
  if (parameters.flag("skiplock") !== true) checkLock("qemu", configuration);
  if (values.has("memory") || values.has("balloon")) {
    const kept = new Map([...configuration.keys, ...values]);
    if (Number(kept.get("balloon") ?? 0) > memoryOf(kept)) {
      throw death("balloon value too large (must be smaller than assigned memory)");
    }
  }
  return configuration;
}

/**
 * Changes a machine. Of one that runs, what is part of its devices waits for the next start
 * (PVE::QemuServer::vmconfig_apply_pending, vmconfig_hotplug_pending).
 */
export async function applyUpdate(call: Call, update: MachineUpdate, log: Log): Promise<void> {
  const { node } = call;
  const { vmid } = update.change;
  await withGuestLock(node, "qemu", vmid, async () => {
    const configuration = checkPresent(call, vmid, update.values);
    log(`update VM ${vmid}: ${update.words}`);
    const running = await isRunning(node, loadGuest(node, "qemu", vmid).guest);
    for (const key of update.reverted) forgetLater(configuration, key, vmid);
    for (const key of update.removed) {
      if (running && !isFast(key)) await removeFromRunning(update, configuration, key, log);
      else await removeOption(call, update, configuration, key, log);
    }
    const added = [...update.values].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of added) {
      if (running && !isFast(key)) await setOfRunning(call, update, configuration, key, value, log);
      else await setOption(call, update, configuration, key, value, log);
    }
    dropUsedFromUnused(configuration, driveVolumesOf(configuration));
    storeGuest(node, "qemu", vmid, configuration);
  });
}

function driveVolumesOf({ keys, pending }: Configuration): string[] {
  return [keys, pending.keys].flatMap((section) =>
    driveKeys(section).flatMap((key) => driveVolume(readDrive(key, section.get(key) ?? "")) ?? []),
  );
}

async function removeFromRunning(
  { change, force }: MachineUpdate,
  configuration: Configuration,
  key: string,
  log: Log,
): Promise<void> {
  const value = configuration.keys.get(key) ?? configuration.pending.keys.get(key);
  if (value === undefined) return log(`cannot delete '${key}' - not set in current configuration!`);
  if (isDriveKey(key)) {
    checkProtection(configuration, `can't remove drive '${key}'`);
    checkDriveRights(change, readDrive(key, value));
  } else if (isDeviceKey(key)) checkDevice(change, key, value, "delete");
  forgetLater(configuration, key, change.vmid);
  if (configuration.keys.has(key)) removeLater(configuration, key, force);
}

/** A new disk is made at once, and put in at the next start. */
async function setOfRunning(
  call: Call,
  update: MachineUpdate,
  configuration: Configuration,
  key: string,
  value: string,
  log: Log,
): Promise<void> {
  const { change } = update;
  forgetLater(configuration, key, change.vmid);
  if (!isDriveKey(key)) {
    if (isDeviceKey(key)) checkDevice(change, key, value, "modify");
    checkHardware(key, value);
    if (key === "ostype") pinBoard(update, configuration, value, log, true);
    const wanted = plainValue(key, value);
    if (configuration.keys.get(key) !== wanted) configuration.pending.keys.set(key, wanted);
    return;
  }
  const drive = withMedia(readDrive(key, value));
  checkTpmVersion(key, configuration.keys.get(key), value);
  checkDriveRights(change, drive);
  if (isReadable(key, drive)) await createDrive(call.node, change.vmid, configuration.pending, key, value, log);
}

async function removeOption(
  call: Call,
  { change, force }: MachineUpdate,
  configuration: Configuration,
  key: string,
  log: Log,
): Promise<void> {
  const value = configuration.keys.get(key);
  if (value === undefined) return log(`cannot delete '${key}' - not set in current configuration!`);
  changeBootOrder(configuration, (devices) => devices.filter((device) => device !== key));
  if (key.startsWith("unused")) {
    checkProtection(configuration, `can't remove unused disk '${value}'`);
    change.authority.checkGuest(change.vmid, undefined, "VM.Config.Disk");
    await freeDisk(call, change, value, log);
  } else if (isDriveKey(key)) {
    checkProtection(configuration, `can't remove drive '${key}'`);
    checkDriveRights(change, readDrive(key, value));
    await releaseDrive(
      call.node,
      change.vmid,
      configuration,
      key,
      log,
      force ? (volid) => freeDisk(call, change, volid, log) : undefined,
    );
  } else if (isDeviceKey(key)) checkDevice(change, key, value, "delete");
  else if (key === "tags") change.authority.checkGuest(change.vmid, undefined, "VM.Config.Options");
  else if (/^net\d+$/.test(key)) checkBridges(change, new Map([[key, value]]));
  configuration.keys.delete(key);
}

async function setOption(
  call: Call,
  update: MachineUpdate,
  configuration: Configuration,
  key: string,
  value: string,
  log: Log,
): Promise<void> {
  const { change, values, removed } = update;
  const { keys } = configuration;
  const before = keys.get(key);
  if (isDriveKey(key)) return setDrive(call, change, configuration, key, value, log);
  if (isDeviceKey(key)) {
    if (before !== undefined) checkDevice(change, key, before, "modify");
    checkDevice(change, key, value, "modify");
  } else if (key === "tags") change.authority.checkGuest(change.vmid, undefined, "VM.Config.Options");
  else if (/^net\d+$/.test(key) && before !== undefined) checkBridges(change, new Map([[key, before]]));
  else if (key === "boot") {
    const missing = bootDevices(value).find(
      (device) => (!keys.has(device) && !values.has(device)) || removed.includes(device),
    );
    if (missing !== undefined) throw death(`invalid bootorder: device '${missing}' does not exist'`);
    keys.delete("bootdisk");
  }
  checkHardware(key, value);
  if (key === "ostype") pinBoard(update, configuration, value, log);
  keys.set(key, plainValue(key, value));
}

/** @throws for a board or display that cannot have what it is asked to have */
function checkHardware(key: string, value: string): void {
  if (key === "machine") checkMachineType(value);
  else if (key === "vga") checkClipboard(value);
}

/**
 * A machine that becomes Windows keeps the board of today, as one that is made with it, unless the request says which.
 * @param later at the next start
 */
function pinBoard(
  { values, removed }: MachineUpdate,
  { keys, pending }: Configuration,
  system: string,
  log: Log,
  later = false,
): void {
  if (values.has("machine") || removed.includes("machine") || pending.keys.has("machine")) return;
  try {
    const machine = pinnedMachine(keys.get("machine"), system, log);
    if (machine !== undefined && machine !== keys.get("machine")) (later ? pending.keys : keys).set("machine", machine);
  } catch (failure) {
    log(`automatic pinning of machine version failed - ${failureText(failure).trimEnd()}`);
  }
}

async function setDrive(
  call: Call,
  change: MachineChange,
  configuration: Configuration,
  key: string,
  value: string,
  log: Log,
): Promise<void> {
  const before = configuration.keys.get(key);
  if (before !== undefined) checkDriveRights(change, readDrive(key, before));
  checkTpmVersion(key, before, value);
  const drive = withMedia(readDrive(key, value));
  checkDriveRights(change, drive);
  // What cannot be read any more once it is known to be for discs is passed over in silence.
  if (!isReadable(key, drive)) return;
  await createDrive(call.node, change.vmid, configuration, key, value, log);
  const after = configuration.keys.get(key) ?? "";
  if (before !== undefined && readDrive(key, before).file !== readDrive(key, after).file) {
    configuration.keys.set(key, before);
    await releaseDrive(call.node, change.vmid, configuration, key, log);
    configuration.keys.set(key, after);
  }
  if (!isDiscDrive(drive) || isSeed(drive)) return;
  changeBootOrder(configuration, (devices) => (devices.includes(key) ? devices : [...devices, key]));
}

/** Deletes a volume of the machine's own (PVE::QemuServer::try_deallocate_drive); another's is only forgotten. */
async function freeDisk(call: Call, { authority, vmid }: MachineChange, volid: string, log: Log): Promise<void> {
  if (ownerOf(volid) !== vmid) return;
  const { storage } = parseVolume(call.cluster, volid).storage;
  authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  await freeVolume(call.node, volid, log);
}

/** Devices that come and go are in the order of booting, where the machine has one. */
function changeBootOrder({ keys }: Configuration, work: (devices: readonly string[]) => readonly string[]): void {
  const before = bootDevices(keys.get("boot") ?? "");
  if (before.length === 0) return;
  const after = work(before);
  if (after.join() !== before.join()) keys.set("boot", after.length === 0 ? " " : `order=${after.join(";")}`);
}
