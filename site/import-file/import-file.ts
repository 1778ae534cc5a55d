import { needsRoot } from "../guest-inputs/container-inputs";
import { backupName, componentKinds, resourceTypes } from "../resources";
import type { Environment, OwnedGuest } from "../settings/environment";
import { containerState } from "./container-state";
import { component, type ImportEntry, pair } from "./entries";
import type { ImportedGuest, ImportPlan } from "./plan";
import { pluginOf, providerEntryNames, type ProviderPlugins } from "./providers";
import { storeEntries } from "./store-entries";
import { virtualMachineState } from "./virtual-machine-state";

/** What `pulumi import --file` takes. */
export interface ImportFile {
  readonly resources: readonly ImportEntry[];
}

/** The providers that a plan's resources need, by the names of their entries. */
export function neededProviders(environment: Environment, plan: ImportPlan): ReadonlySet<string> {
  return new Set(entriesOf(environment, plan).flatMap(({ provider }) => provider ?? []));
}

/**
 * The import file of a plan: every entry is named and placed as the program registers it.
 *
 * @param providers entries of {@link neededProviders}
 */
export function importFileOf(
  environment: Environment,
  plan: ImportPlan,
  providers: readonly ImportEntry[],
  plugins: ProviderPlugins,
): ImportFile {
  const resources = entriesOf(environment, plan).map((entry) => {
    if (entry.provider === undefined) return entry;
    const { version, server } = pluginOf(entry.provider, plugins);
    return { ...entry, version, ...(server === undefined ? {} : { pluginDownloadUrl: server }) };
  });
  return { resources: [...providers, ...resources] };
}

function entriesOf(environment: Environment, plan: ImportPlan): ImportEntry[] {
  return [
    ...(plan.storage ? storageEntries(environment) : adoptedStorage(environment)),
    ...plan.guests.flatMap((imported) => guestEntries(environment, imported)),
    ...(plan.store === undefined ? [] : storeEntries(plan.store, providerOf(plan.store.guarded))),
    ...(plan.job ? jobEntries(environment) : []),
  ];
}

/** The entry of the provider that declares a guest: root@pam's where Proxmox allows nobody else. */
function providerOf(guest: OwnedGuest | undefined): string {
  const isRoots = guest?.kind === "container" && needsRoot(guest) !== undefined;
  return isRoots ? providerEntryNames.root : providerEntryNames.token;
}

function storageEntries({ backup: { storage } }: Environment): ImportEntry[] {
  if (storage.type === "adopted") return [];
  const child = { type: resourceTypes[storage.type], id: storage.id, provider: providerEntryNames.token };
  return pair(componentKinds["backup-storage"], backupName, child);
}

/** Its component stands for nothing on the site; without it the next preview would not be clean. */
function adoptedStorage({ backup: { storage } }: Environment): ImportEntry[] {
  return storage.type === "adopted" ? [component(componentKinds["backup-storage"].component, backupName)] : [];
}

function jobEntries({ backup }: Environment): ImportEntry[] {
  const child = { type: resourceTypes["backup-job"], id: backup.jobId, provider: providerEntryNames.token };
  return pair(componentKinds["backup-job"], backupName, child);
}

function guestEntries(environment: Environment, { guest, configuration }: ImportedGuest): ImportEntry[] {
  const of = { environment: environment.name, createTimeout: environment.proxmox.createTimeout };
  const child = { type: resourceTypes[guest.kind], id: String(guest.id), provider: providerOf(guest) };
  const state =
    guest.kind === "container"
      ? containerState(guest, of, configuration)
      : virtualMachineState(guest, of, configuration);
  return pair(componentKinds[guest.kind], guest.name, { ...child, ...state });
}
