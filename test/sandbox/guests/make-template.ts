/** Guests that become templates. */
import { formatDrive } from "../../../proxmox/rules/property-strings";
import type { Call } from "../calls/endpoint";
import type { GuestType } from "../model/state";
import { death } from "../protocol/failure";
import { isBase, makeBase } from "./base-volumes";
import { checkLock, loadGuest, storeGuest, withGuestLock, type Configuration } from "./configuration";
import { mountsOf, withVolume, writeMount } from "./containers/mount-points";
import { isRunning as isContainerRunning } from "./containers/runtime";
import { driveKeys, driveVolume, readDrive } from "./machines/drives";
import { isRunning } from "./machines/runtime";

/** Makes a machine a template, or one of its disks a template's (PVE::API2::Qemu, template). @returns the task's UPID */
export async function makeMachineTemplate(call: Call): Promise<string> {
  const { node, parameters, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  const disk = parameters.text("disk");
  await checkTemplate(call, "qemu", disk);
  return node.tasks.start("qmtemplate", String(vmid), caller.name, ({ log }) =>
    withGuestLock(
      node,
      "qemu",
      vmid,
      async () => {
        const configuration = await checkTemplate(call, "qemu", disk);
        configuration.keys.set("template", "1");
        storeGuest(node, "qemu", vmid, configuration);
        for (const key of driveKeys(configuration.keys)) {
          const drive = readDrive(key, configuration.keys.get(key) ?? "");
          const volume = driveVolume(drive);
          if (volume === undefined || isBase(volume) || (disk !== undefined && key !== disk)) continue;
          configuration.keys.set(key, formatDrive(key, { ...drive, file: await makeBase(node, volume) }));
          storeGuest(node, "qemu", vmid, configuration);
        }
      },
      log,
    ),
  );
}

/** Its task is not told: the answer is null (PVE::API2::LXC, template). */
export async function makeContainerTemplate(call: Call): Promise<null> {
  const { node, parameters, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  const configuration = await checkTemplate(call, "lxc", undefined);
  node.tasks.start("vztemplate", String(vmid), caller.name, async () => {
    const volumes = mountsOf(configuration.keys);
    const other = volumes.find(({ kind, volume }) => kind !== "volume" || isBase(volume));
    if (other !== undefined) throw death(`Template feature is not available for '${other.volume}'`);
    for (const mount of volumes) {
      const volume = await makeBase(node, mount.volume);
      configuration.keys.set(mount.key, writeMount(withVolume(mount, volume, mount.size)));
      storeGuest(node, "lxc", vmid, configuration);
    }
    configuration.keys.set("template", "1");
    storeGuest(node, "lxc", vmid, configuration);
  });
  return null;
}

async function checkTemplate(
  { node, parameters }: Call,
  type: GuestType,
  disk: string | undefined,
): Promise<Configuration> {
  const [short, long] = type === "lxc" ? ["CT", "the CT"] : ["VM", "VM"];
  const { guest, configuration } = loadGuest(node, type, parameters.requiredInteger("vmid"));
  checkLock(type, configuration);
  if (configuration.snapshots.size > 0) throw death(`unable to create template, because ${short} contains snapshots`);
  if (configuration.keys.get("template") === "1" && disk === undefined) {
    throw death("you can't convert a template to a template");
  }
  if (await (type === "lxc" ? isContainerRunning : isRunning)(node, guest)) {
    throw death(`you can't convert a ${short} to template if ${long} is running`);
  }
  return configuration;
}
