import { archiveCopiesComponent, archiveCopiesType } from "../offsite/resource-names";
import { dataCommandType, dataComponents } from "../data/resource-names";
import { apiTokenType, backupName, componentKinds, resourceTypes } from "../resources";
import type { Environment, Guest, OffsiteSettings, StateStoreSettings } from "../settings/environment";
import { bucketOf, copierName, identityOf, readerOf } from "../state-store/names";
import { recoveryBucket, recoveryIdentity, recoveryIn } from "../state-store/recovery-names";
import {
  bucketResource,
  childName,
  copierResource,
  stateStoreComponents,
  stateStoreTypes,
  storeName,
} from "../state-store/resource-names";
import { monitoringChild, monitoringComponent, monitoringName, monitoringTypes } from "../monitoring/resource-names";
import type { StateResource } from "./checkpoint";
import { isOffsite, ownOffsite, whyOtherOffsite } from "./own-offsite";
import { whyOtherToken } from "./own-tokens";

/**
 * What the settings call things in Proxmox and in the store. A state says by such a name what Pulumi changes and deletes:
 * with another one in it an update would work on what somebody else has made, or on what this stack has under another URN.
 */
export interface OwnNames {
  readonly guests: readonly Pick<Guest, "kind" | "name" | "id">[];
  readonly storage: Pick<Environment["backup"]["storage"], "id" | "type">;
  readonly job: string;
  /** Undefined: the stack makes no store. */
  readonly store: { readonly settings: StateStoreSettings; readonly guest: number | undefined } | undefined;
  /** Guest of the monitoring. Undefined: the stack makes none. */
  readonly monitoring: Pick<Guest, "kind" | "id"> | undefined;
  /** The bucket elsewhere. Undefined: the stack makes none. */
  readonly offsite: OffsiteSettings | undefined;
}

/** By the settings of the environment. */
export function ownNames({ guests, backup, stateStore, monitoring, offsite }: Environment): OwnNames {
  const host = stateStore?.kind === "container" ? stateStore.guest : undefined;
  return {
    guests,
    storage: backup.storage,
    job: backup.jobId,
    store: stateStore && { settings: stateStore, guest: guests.find(({ name }) => name === host)?.id },
    monitoring: monitoring && guests.find(({ name }) => name === monitoring.guest),
    offsite: ownOffsite({ offsite }),
  };
}

/**
 * Why a resource works on something else than what the stack has under this URN. Undefined: it does not, or the settings alone
 * cannot tell, as of a guest that they do not have any more: that one says itself whose it is.
 *
 * @param name in its URN
 */
export function whyForeignName(resource: StateResource, name: string, own: OwnNames): string | undefined {
  const { type } = resource;
  const kind = guestKinds.get(type);
  if (kind !== undefined) return whyOtherGuest(resource, name, kind, own);
  const storage = storageTypes.get(type);
  if (storage !== undefined) {
    const isOwn = storage === own.storage.type && name === componentKinds["backup-storage"].child(backupName);
    return whyOther(resource, "storage", "resourceId", isOwn ? own.storage.id : undefined) ?? whyWaiting(resource);
  }
  if (type === resourceTypes["backup-job"]) {
    const isOwn = name === componentKinds["backup-job"].child(backupName);
    return whyOther(resource, "backup job", "resourceId", isOwn ? own.job : undefined) ?? whyWaiting(resource);
  }
  if (isOffsite(resource)) return whyOtherOffsite(resource, name, valuesOf(resource, "bucket", true), own.offsite);
  if (type === apiTokenType) return whyOtherToken(resource, name);
  if (type === stateStoreTypes.server) return whyOtherCommand(resource);
  if (monitoringFirewall.has(name) && (type === rules || type === firewall)) {
    return whyOtherMonitoringFirewall(resource, name, own) ?? whyDeleted(resource);
  }
  return keptTypes.has(type) ? (whyOtherInStore(resource, name, own) ?? whyDeleted(resource)) : undefined;
}

/**
 * What a store holds stays there when its URN goes, unless the state says otherwise: the program keeps it all. A run that leaves
 * the store's content out has Pulumi let go of it.
 */
export function goesWithUrn({ type, custom, retainOnDelete }: StateResource): boolean {
  return custom === true && type.startsWith("minio:") && retainOnDelete !== true;
}

const guestKinds: ReadonlyMap<string, "container" | "virtual-machine"> = new Map([
  [resourceTypes.container, "container"],
  [resourceTypes["virtual-machine"], "virtual-machine"],
]);

const storageTypes: ReadonlyMap<string, string> = new Map(
  (["dir", "nfs", "pbs"] as const).map((type) => [resourceTypes[type], type]),
);

const { rules, firewall, bucket, versioning, lifecycle, user, policy, attachment } = stateStoreTypes;
const keptTypes: ReadonlySet<string> = new Set([
  rules,
  firewall,
  bucket,
  versioning,
  lifecycle,
  user,
  policy,
  attachment,
]);

function whyOtherGuest(
  resource: StateResource,
  name: string,
  kind: "container" | "virtual-machine",
  { guests }: OwnNames,
): string | undefined {
  const found = valuesOf(resource, "vmId", true);
  const [id] = found;
  // The provider reads numbers as Go does: 0101 and +101 are 101.
  const odd = found.find((one) => one !== unreadable && !/^[1-9]\d*$/u.test(one));
  if (odd !== undefined) return `it has what is no id of a guest: ${odd}`;
  if (found.some((one) => one !== id)) return `it names more than one guest: ${told(found)}`;
  const declared = guests.find((guest) => String(guest.id) === id);
  if (declared === undefined) return undefined;
  if (declared.kind === "adopted")
    return `its id is ${String(id)}, and the settings only adopt guest ${declared.name}: pulumi state delete lets go of it`;
  if (declared.kind !== kind || componentKinds[kind].child(declared.name) !== name)
    return `its id is ${String(id)}, which the settings have for guest ${declared.name}`;
  return resource.delete === true
    ? `it waits to be deleted, and the settings have guest ${declared.name} with its id ${String(id)}`
    : undefined;
}

/** @param own what it has to name; undefined: the settings have nothing of the kind under this URN */
function whyOther(resource: StateResource, what: string, key: string, own: string | undefined): string | undefined {
  const found = valuesOf(resource, key, true);
  if (own !== undefined && found.every((one) => one === own)) return undefined;
  return `it names ${what} ${told(found)}, and the settings have ${own === undefined ? "none here" : own}`;
}

/** What has a fixed name is deleted before it is made anew: nothing of it ever waits. */
function whyWaiting(resource: StateResource): string | undefined {
  return resource.delete === true ? "it waits to be deleted, and the settings have what it names" : undefined;
}

function whyDeleted(resource: StateResource): string | undefined {
  const isLost = resource.delete === true && resource.retainOnDelete !== true;
  return isLost ? "it waits to be deleted, and the program keeps what it names" : undefined;
}

const { store: storeComponent, offsite } = stateStoreComponents;
const commandEnds = [
  `::${storeComponent}$${stateStoreTypes.server}::${childName(storeName, "server")}`,
  `::${offsite}$${stateStoreTypes.offsite}::${childName(storeName, "offsite")}`,
  ...(["services", "node", "program"] as const).map(
    (role) => `::${monitoringComponent}$${monitoringTypes[role]}::${monitoringChild(monitoringName, role)}`,
  ),
];

/** One for each source of data, also for those that the settings do not have any more: they are what is to be deleted. */
function isDataCommand(urn: string): boolean {
  return Object.values(dataComponents).some((component) => {
    const [, name = ""] = urn.split(`::${component}$${dataCommandType}::`, 2);
    return /^[A-Za-z0-9-]+\/[a-z0-9-]+-install$/u.test(name);
  });
}

/** One for each node, also for those that the settings do not name any more. */
function isArchivesCommand(urn: string): boolean {
  const [, name = ""] = urn.split(`::${archiveCopiesComponent}$${archiveCopiesType}::`, 2);
  return /^archives-[A-Za-z0-9.-]+-install$/u.test(name);
}

/** What a command runs when it is deleted works on what the one of its URN has made. */
function whyOtherCommand({ urn, inputs, outputs, ...resource }: StateResource): string | undefined {
  if (!commandEnds.some((end) => urn.endsWith(end)) && !isDataCommand(urn) && !isArchivesCommand(urn))
    return "the program has no command of this name";
  const removes = [inputs, outputs].some((held) => (held?.["delete"] ?? "") !== "");
  return resource.delete === true && removes
    ? "it waits to be deleted, and would remove what the program has made"
    : undefined;
}

function whyOtherInStore(resource: StateResource, name: string, { store }: OwnNames): string | undefined {
  const { type } = resource;
  if (store === undefined) return "the settings have no state store";
  if (type === rules || type === firewall) return whyOtherFirewall(resource, name, store.guest);
  const role = roles.get(type);
  const end = role === undefined ? "" : childName("", role);
  if (role === undefined || !name.endsWith(end)) return "the program makes nothing of this name";
  const component = name.slice(0, -end.length);
  if (role === "user" || role === "policy" || role === "attachment") return whyOtherIdentity(resource, role, component);
  return whyOther(resource, "bucket", "bucket", bucketIn(component, store.settings));
}

function bucketIn(component: string, settings: StateStoreSettings): string | undefined {
  const guest = recoveryIn(component);
  if (guest !== undefined) return recoveryBucket(guest);
  const environment = component.startsWith(bucketPrefix) ? component.slice(bucketPrefix.length) : "";
  return environment === "" ? undefined : bucketOf(settings, environment);
}

const roles: ReadonlyMap<string, keyof typeof stateStoreTypes> = new Map(
  (["bucket", "versioning", "lifecycle", "user", "policy", "attachment"] as const).map((role) => [
    stateStoreTypes[role],
    role,
  ]),
);

/** Without its guest a firewall is that of the node, or of the whole site. */
function whyOtherFirewall(resource: StateResource, name: string, guest: number | undefined): string | undefined {
  const role = resource.type === rules ? "rules" : "firewall";
  if (name !== childName(storeName, role)) return "the program makes nothing of this name";
  const found = valuesOf(resource, "containerId", false);
  const isOther = [resource.inputs, resource.outputs].some((held) => (held?.["vmId"] ?? 0) !== 0);
  const isOwn = guest !== undefined && !isOther && found.every((one) => one === String(guest));
  const isNamed = resource.outputs == null || resource.outputs["containerId"] != null;
  if (isOwn && isNamed) return undefined;
  return `it is not the firewall of the state store's guest, but of ${found.length === 0 || isOther ? "something else" : told(found)}`;
}

const monitoringFirewall: ReadonlySet<string> = new Set(
  (["rules", "firewall"] as const).map((role) => monitoringChild(monitoringName, role)),
);

/** The same of the monitoring's guest, which may be a machine. */
function whyOtherMonitoringFirewall(
  resource: StateResource,
  name: string,
  { monitoring }: OwnNames,
): string | undefined {
  const role = resource.type === monitoringTypes.rules ? "rules" : "firewall";
  if (name !== monitoringChild(monitoringName, role)) return "the program makes nothing of this name";
  if (monitoring === undefined) return "the settings have no monitoring";
  const [key, other] =
    monitoring.kind === "container" ? (["containerId", "vmId"] as const) : (["vmId", "containerId"] as const);
  const found = valuesOf(resource, key, false);
  const isOther = [resource.inputs, resource.outputs].some((held) => (held?.[other] ?? 0) !== 0);
  const isNamed = resource.outputs == null || resource.outputs[key] != null;
  if (!isOther && isNamed && found.every((one) => one === String(monitoring.id))) return undefined;
  return `it is not the firewall of the monitoring's guest, but of ${found.length === 0 || isOther ? "something else" : told(found)}`;
}

function whyOtherIdentity(
  resource: StateResource,
  role: "user" | "policy" | "attachment",
  component: string,
): string | undefined {
  const own = identityIn(component);
  // An attachment's own id is of chance.
  const found =
    role === "attachment"
      ? [...valuesOf(resource, "userName", false), ...valuesOf(resource, "policyName", false)]
      : valuesOf(resource, "name", true);
  // What takes the place of a stolen key has a moment behind its name.
  if (own !== undefined && found.every((one) => one === own || one.startsWith(`${own}@`))) return undefined;
  return `it is of identity ${told(found)}, and the program makes ${own === undefined ? "none here" : own}`;
}

const bucketPrefix = bucketResource("");
const readerEnd = "-reader";

/** An environment's name may itself end like that of a reader: the settings refuse two that would be called the same. */
function identityIn(component: string): string | undefined {
  if (component === copierResource) return copierName;
  const guest = recoveryIn(component);
  if (guest !== undefined) return recoveryIdentity(guest);
  if (!component.startsWith(bucketPrefix)) return undefined;
  const environment = component.slice(bucketPrefix.length);
  return environment.endsWith(readerEnd) ? readerOf(environment.slice(0, -readerEnd.length)) : identityOf(environment);
}

/** Every name that a resource has for what it works on: its id, and what went in and came out. */
function valuesOf({ id, inputs, outputs }: StateResource, key: string, hasId: boolean): string[] {
  const all = [...(hasId ? [id] : []), inputs?.[key], outputs?.[key]];
  return all.filter((value) => value !== undefined && value !== null && value !== "").map(textOf);
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : unreadable;
}

const unreadable = "(something that is no name)";

function told(found: readonly string[]): string {
  return found.length === 0 ? "(nothing)" : [...new Set(found)].join(", ");
}
