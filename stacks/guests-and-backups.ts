import * as pulumi from "@pulumi/pulumi";
import { BackupJob } from "../components/backups/backup-job";
import { backupJobArguments } from "../components/backups/backup-job-inputs";
import { BackupStorage } from "../components/backups/backup-storage";
import { storageArguments } from "../components/backups/backup-storage-inputs";
import { Container } from "../components/guests/container";
import { VirtualMachine } from "../components/guests/virtual-machine";
import { containerArguments } from "../site/arguments/container";
import type { GuestPlace } from "../site/arguments/guest";
import { virtualMachineArguments } from "../site/arguments/virtual-machine";
import { backupName, resourceTypes } from "../site/resources";
import type { ContainerGuest, Environment, Guest, VirtualMachineGuest } from "../site/settings/environment";
import type { Site, StackOutputs } from "./program";

/** What every environment has: a storage for backups, its guests, and the one job over them; one of them has the state store. */
export async function declareGuestsAndBackups(site: Site): Promise<StackOutputs> {
  const { environment, providerFor, checkNewStorage, remakesJob } = site;
  const opts = { provider: providerFor() };
  const storage = new BackupStorage(backupName, storageArguments(environment.backup.storage), opts);
  await checkNewStorage(storage.storageId);
  const made: Made = { containers: new Map(), machines: new Map() };
  const { containers } = made;
  const ids = new Map(environment.guests.map((guest) => [guest.id, declareGuest(site, guest, made)]));
  const guests = environment.guests.filter(({ optOut }) => optOut === undefined).map(({ id }) => ids.get(id) ?? id);
  site.declareRestores?.(environment, [storage, ...containers.values(), ...made.machines.values()]);
  const store = site.declareStateStore?.(site, containers) ?? {};
  const monitoring = site.declareMonitoring?.(site, new Map([...containers, ...made.machines])) ?? {};
  const data = site.declareData?.(new Map([...containers, ...made.machines])) ?? {};
  if (guests.length === 0) return warnWithoutGuests(environment, storage);
  const settings = backupJobArguments(environment.backup, environment.name);
  const job = new BackupJob(
    backupName,
    { ...settings, storage: storage.storageId, guests },
    remakesJob === true ? { ...opts, transformations: [remade] } : opts,
  );
  return {
    backupJob: job.jobId,
    backupStorage: job.storage,
    backupSchedule: job.schedule,
    ...store,
    ...monitoring,
    ...data,
  };
}

/**
 * A job that somebody switched to "all guests" or to a pool cannot go back in place: the provider would send both
 * selections, which Proxmox refuses. A job holds no data, so that making it anew costs nothing.
 */
function remade({
  type,
  props,
  opts,
}: pulumi.ResourceTransformationArgs): pulumi.ResourceTransformationResult | undefined {
  if (type !== resourceTypes["backup-job"]) return undefined;
  return { props, opts: pulumi.mergeOptions(opts, { replaceOnChanges: ["all", "pool", "vmids"] }) };
}

/** Guests that are declared, by their names. */
interface Made {
  readonly containers: Map<string, Container>;
  readonly machines: Map<string, VirtualMachine>;
}

/**
 * The id of a guest; that of an adopted one is only named.
 *
 * @param made gets what is declared
 */
function declareGuest(site: Site, guest: Guest, { containers, machines }: Made): pulumi.Input<number> {
  switch (guest.kind) {
    case "container": {
      const container = declareContainer(site, guest);
      containers.set(guest.name, container);
      return container.vmId;
    }
    case "virtual-machine": {
      const machine = declareVirtualMachine(site, guest);
      machines.set(guest.name, machine);
      return machine.vmId;
    }
    case "adopted":
      return guest.id;
  }
}

function declareVirtualMachine({ environment, providerFor }: Site, guest: VirtualMachineGuest): VirtualMachine {
  const args = virtualMachineArguments(guest, placeIn(environment));
  return new VirtualMachine(guest.name, args, { provider: providerFor(guest) });
}

function declareContainer({ environment, providerFor }: Site, guest: ContainerGuest): Container {
  const args = containerArguments(guest, placeIn(environment));
  return new Container(guest.name, args, { provider: providerFor(guest) });
}

function placeIn({ name, protectGuests, proxmox }: Environment): GuestPlace {
  return { environment: name, protect: protectGuests, createTimeout: proxmox.createTimeout };
}

async function warnWithoutGuests({ name }: Environment, storage: BackupStorage): Promise<StackOutputs> {
  await pulumi.log.warn(`Environment ${name} has no guest to back up, so that it gets no backup job.`);
  return { backupStorage: storage.storageId };
}
