import { parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import { randomUUID } from "node:crypto";
import { isDriveKey } from "../../../../proxmox/rules/property-strings";
import type { VolumeState } from "../../model/state";
import type { Task } from "../../model/tasks";
import type { Call } from "../../calls/endpoint";
import { death, failureText, parameterFailure, permissionFailure } from "../../protocol/failure";
import {
  checkLock,
  checkProtection,
  checkUnused,
  emptyConfiguration,
  loadGuest,
  removeGuest,
  storeGuest,
  withGuestLock,
  type Configuration,
} from "../configuration";
import { checkPool } from "../containers/create";
import { addResource, startMade } from "../ha-resources";
import { addToPool } from "../pool-members";
import { checkVolumeAccess, parseVolume } from "../storages";
import { activateFile, freeVolumes } from "../volumes";
import { checkValues, settleValues } from "./check-values";
import { checkDrives, createDrive, driveKeys, isDiscDrive, readDrive } from "./drives";
import { restoreMachine } from "./restore";
import { checkClipboard, pinnedMachine, QEMU_VERSION } from "./machine-type";
import { isRunning, startWorker } from "./runtime";
import { plainValue } from "./plain-value";
import {
  checkBridges,
  checkDevice,
  checkOptionGroups,
  checkStorageAccess,
  isDeviceKey,
  type MachineChange,
} from "./permissions";

/** Parameters of `POST nodes/N/qemu` that are no options of the configuration. */
const OWN_PARAMETERS = [
  "node",
  "vmid",
  "archive",
  "storage",
  "force",
  "unique",
  "live-restore",
  "pool",
  "bwlimit",
  "start",
  "ha-managed",
  "import-working-storage",
];

/**
 * Makes a virtual machine, or restores one from an archive (PVE::API2::Qemu, create_vm).
 * @returns the task's UPID
 */
export async function createMachine(call: Call): Promise<string> {
  const { parameters, authority, node } = call;
  const vmid = parameters.requiredInteger("vmid");
  const archive = parameters.text("archive");
  const options = withDiscDrive(parameters.entries(...OWN_PARAMETERS));
  checkValues(options);
  settleValues(options);
  const pool = parameters.text("pool");
  const storage = parameters.text("storage");
  if (pool !== undefined) checkPool(call, pool);
  if (storage !== undefined) authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  if (parameters.flag("ha-managed") === true) authority.check("/", "Sys.Console");
  if (parameters.flag("start") === true) authority.checkGuest(vmid, pool, "VM.PowerMgmt");
  checkAllocation(call, vmid, pool, archive);
  if (archive !== undefined) await checkArchive(call, vmid, archive, options);
  checkOptions(call, { cluster: call.cluster, authority, vmid, pool }, options);
  const verb = archive === undefined ? `unable to create VM ${vmid} -` : `unable to restore VM ${vmid} -`;
  await lockForCreation(call, vmid, verb);
  return archive === undefined
    ? node.tasks.start("qmcreate", String(vmid), call.caller.name, (task) => build(call, vmid, options, verb, task))
    : node.tasks.start("qmrestore", String(vmid), call.caller.name, (task) =>
        restoreMachine({ call, vmid, archive, options, verb }, task),
      );
}

/** `cdrom` is another name of `ide2`. */
export function withDiscDrive(options: readonly (readonly [string, string])[]): Map<string, string> {
  return new Map(
    options.map(([key, value]) =>
      key === "cdrom" ? ["ide2", value.includes("media=") ? value : `${value},media=cdrom`] : [key, value],
    ),
  );
}

/** The rights that a new machine's options need, in Proxmox's order; a restore's overrides need theirs as well. */
function checkOptions(call: Call, change: MachineChange, options: ReadonlyMap<string, string>): void {
  checkStorageAccess(change, options, call.parameters.text("import-working-storage"));
  checkOptionGroups(change, [...options.keys()]);
  for (const [key, value] of options) if (isDeviceKey(key)) checkDevice(change, key, value);
  checkBridges(change, options);
  checkDrives(call.node, options);
}

function checkAllocation(call: Call, vmid: number, pool: string | undefined, archive: string | undefined): void {
  const { authority, parameters, cluster } = call;
  if (authority.has(`/vms/${vmid}`, "VM.Allocate")) return;
  if (pool !== undefined && authority.has(`/pool/${pool}`, "VM.Allocate")) return;
  const replaces = archive !== undefined && parameters.flag("force") === true && cluster.guest(vmid)?.type === "qemu";
  if (!replaces || !authority.has(`/vms/${vmid}`, "VM.Backup")) throw permissionFailure();
}

/** A missing archive is refused at once, unlike a container's. */
async function checkArchive(
  call: Call,
  vmid: number,
  archive: string,
  options: ReadonlyMap<string, string>,
): Promise<void> {
  const disk = [...options.keys()].sort().find(isDriveKey);
  if (disk !== undefined) throw parameterFailure({ [disk]: "option conflicts with option 'archive'" });
  if (archive === "-") throw death("pipe requires cli environment");
  checkVolumeAccess(call.cluster, call.authority, vmid, archive, "backup");
  // Whether a backup server has a snapshot shows in the task.
  if (parseVolumeId(archive) !== undefined && parseVolume(call.cluster, archive).storage.type === "pbs") return;
  await activateFile(call.node, archive);
}

async function lockForCreation(call: Call, vmid: number, verb: string): Promise<void> {
  const { node, cluster, parameters } = call;
  try {
    await withGuestLock(node, "qemu", vmid, async () => {
      const guest = cluster.guest(vmid);
      const replaces = parameters.flag("force") === true && guest?.type === "qemu" && guest.node === node.name;
      if (guest !== undefined && !replaces) checkUnused(node, vmid);
      if (guest !== undefined) await checkReplaceable(call, vmid, verb);
      const configuration = guest === undefined ? emptyConfiguration() : loadGuest(node, "qemu", vmid).configuration;
      checkLock("qemu", configuration);
      configuration.keys.set("lock", "create");
      storeGuest(node, "qemu", vmid, configuration);
    });
  } catch (failure) {
    const text = failureText(failure);
    throw text.startsWith(verb) ? failure : death(`${verb} ${text}`);
  }
}

async function checkReplaceable(call: Call, vmid: number, verb: string): Promise<void> {
  const { guest, configuration } = loadGuest(call.node, "qemu", vmid);
  checkProtection(configuration, verb.replace(/ -$/, ""));
  if (await isRunning(call.node, guest)) throw death(`${verb} vm is running`);
}

async function build(
  call: Call,
  vmid: number,
  options: ReadonlyMap<string, string>,
  verb: string,
  task: Task,
): Promise<void> {
  const { node, cluster, parameters } = call;
  const made: VolumeState[] = [];
  try {
    await withGuestLock(node, "qemu", vmid, async () => {
      const configuration = emptyConfiguration();
      for (const [key, value] of options) if (!isDriveKey(key)) configuration.keys.set(key, plainValue(key, value));
      for (const key of driveKeys(options).sort()) {
        const volume = await createDrive(node, vmid, configuration, key, options.get(key) ?? "", task.log);
        if (volume !== undefined) made.push(volume);
      }
      checkClipboard(options.get("vga"));
      addIdentity(configuration, node.clock.seconds());
      const machine = pinnedMachine(options.get("machine"), options.get("ostype"), task.log);
      if (machine !== undefined) configuration.keys.set("machine", machine);
      // Tags are looked at inside the task, and by the guest alone: the pool's rights do not count yet.
      if (options.has("tags")) call.authority.check(`/vms/${vmid}`, "VM.Config.Options");
      storeGuest(node, "qemu", vmid, configuration);
    });
  } catch (failure) {
    await freeVolumes(
      node,
      made.map((volume) => volume.volid),
      task.log,
    );
    removeGuest(node, vmid);
    throw death(`${verb} ${failureText(failure)}`);
  }
  addToPool(cluster, parameters.text("pool"), vmid);
  const starts = parameters.flag("start") === true;
  if (parameters.flag("ha-managed") === true) {
    addResource(cluster, { type: "vm", vmid }, starts ? "started" : "stopped", task.log);
  }
  if (!starts) return;
  task.log("Execute autostart");
  startMade(call, "qmstart", vmid, ({ log }) => startWorker(node, vmid, log));
}

/** What Proxmox makes up for a new machine. */
function addIdentity(configuration: Configuration, seconds: number): void {
  const { keys } = configuration;
  keys.set("meta", `creation-qemu=${QEMU_VERSION}.2,ctime=${seconds}`);
  if (!keys.has("boot")) {
    const bootable = driveKeys(keys).filter((key) => !/^(?:efidisk|tpmstate)/.test(key));
    const disk = bootable.find((key) => !isDiscDrive(readDrive(key, keys.get(key) ?? "")));
    const cdrom = bootable.find((key) => isDiscDrive(readDrive(key, keys.get(key) ?? "")));
    const network = [...keys.keys()].filter((key) => /^net\d+$/.test(key)).sort()[0];
    const devices = [disk, cdrom, network].filter((device) => device !== undefined);
    keys.set("boot", devices.length === 0 ? " " : `order=${devices.join(";")}`);
  }
  if (!keys.has("smbios1")) keys.set("smbios1", `uuid=${randomUUID()}`);
  if ((keys.get("vmgenid") ?? "1") === "1") keys.set("vmgenid", randomUUID());
}
