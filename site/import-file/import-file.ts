import { needsRoot } from "../guest-inputs/container-inputs";
import { backupName, componentKinds, providerNames, resourceTypes } from "../resources";
import type { Environment } from "../settings/environment";
import { containerState } from "./container-state";
import type { ImportedGuest, ImportPlan } from "./plan";
import { virtualMachineState } from "./virtual-machine-state";

/** One entry of an import file. Source: `importSpec` in pulumi 3.258, `pkg/cmd/pulumi/operations/import.go`. */
export interface ImportEntry {
  readonly type: string;
  /** How other entries name it, which has to be unique in the file. */
  readonly name: string;
  /** Pulumi's own name. */
  readonly logicalName: string;
  /** Id at the provider. Neither components nor providers have one. */
  readonly id?: string;
  readonly component?: true;
  /** Names of other entries. */
  readonly parent?: string;
  readonly provider?: string;
  readonly version?: string;
  readonly pluginDownloadUrl?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** With it the resource is not read from the site while it is imported. */
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** What `pulumi import --file` takes. */
export interface ImportFile {
  readonly resources: readonly ImportEntry[];
}

/** Version and origin of the provider's plugin: part of what Pulumi remembers of a provider. */
export interface ProviderPlugin {
  readonly version: string;
  readonly server: string;
}

/** Who signs in, with secrets that are sealed already. */
export interface SealedCredentials {
  readonly token: SealedSecret;
  /** Only where a guest needs it. */
  readonly rootPassword?: SealedSecret | undefined;
}

/** A secret as Pulumi writes it into states and import files. */
export type SealedSecret = Readonly<Record<string, string>>;

/** Marks an object as a secret. Source: pulumi, `sdk/go/common/resource/sig`. */
const signature = { key: "4dabf18193072939515e22adb298388d", secret: "1b47061264138c4ac30d75fd1eb44270" } as const;

/** @param seal encrypts a text with the passphrase of the stack */
export function sealedSecret(value: string, seal: (text: string) => string): SealedSecret {
  return { [signature.key]: signature.secret, ciphertext: seal(JSON.stringify(value)) };
}

/** Whether the new state needs the provider that signs in as root@pam. */
export function needsRootProvider({ guests }: ImportPlan): boolean {
  return guests.some(({ guest }) => guest.kind === "container" && needsRoot(guest) !== undefined);
}

/** The import file of a plan: every entry is named and placed as the program registers it. */
export function importFileOf(
  environment: Environment,
  plan: ImportPlan,
  credentials: SealedCredentials,
  plugin: ProviderPlugin,
): ImportFile {
  const entries = [
    ...(plan.storage ? storageEntries(environment) : adoptedStorage(environment)),
    ...plan.guests.flatMap((imported) => guestEntries(environment, imported)),
    ...(plan.job ? jobEntries(environment) : []),
  ];
  const used = new Set(entries.map(({ provider }) => provider));
  const providers = providerEntries(environment, credentials, plugin).filter(({ name }) => used.has(name));
  const origin = { version: plugin.version, pluginDownloadUrl: plugin.server };
  const resources = entries.map((entry) => (entry.provider === undefined ? entry : { ...entry, ...origin }));
  return { resources: [...providers, ...resources] };
}

const providerType = "pulumi:providers:proxmoxve";

function providerEntries(
  { proxmox }: Environment,
  { token, rootPassword }: SealedCredentials,
  { version, server }: ProviderPlugin,
): ImportEntry[] {
  const common = { endpoint: proxmox.endpoint, version, __internal: { pluginDownloadURL: server } };
  const root = { ...common, username: "root@pam", password: rootPassword };
  return [
    { ...place(providerType, providerNames.token), inputs: { ...common, apiToken: token } },
    ...(rootPassword === undefined ? [] : [{ ...place(providerType, providerNames.root), inputs: root }]),
  ];
}

/** An entry's own name holds its type: a guest may be called like the storage, or like a provider. */
function place(type: string, logicalName: string) {
  return { type, name: `${type}::${logicalName}`, logicalName };
}

/** A component and the resource in it. */
function pair(
  kind: keyof typeof componentKinds,
  name: string,
  resource: { readonly type: string; readonly id: string; readonly provider?: string } & Pick<
    ImportEntry,
    "inputs" | "outputs"
  >,
): ImportEntry[] {
  const component = componentOf(kind, name);
  const { type, provider = providerNames.token, ...rest } = resource;
  const child = place(type, componentKinds[kind].child(name));
  return [component, { ...child, parent: component.name, provider: place(providerType, provider).name, ...rest }];
}

function componentOf(kind: keyof typeof componentKinds, name: string) {
  return { ...place(componentKinds[kind].component, name), component: true } as const;
}

function storageEntries({ backup: { storage } }: Environment): ImportEntry[] {
  if (storage.type === "adopted") return [];
  return pair("backup-storage", backupName, { type: resourceTypes[storage.type], id: storage.id });
}

/** Its component stands for nothing on the site; without it the next preview would not be clean. */
function adoptedStorage({ backup: { storage } }: Environment): ImportEntry[] {
  return storage.type === "adopted" ? [componentOf("backup-storage", backupName)] : [];
}

function jobEntries({ backup }: Environment): ImportEntry[] {
  return pair("backup-job", backupName, { type: resourceTypes["backup-job"], id: backup.jobId });
}

function guestEntries(environment: Environment, { guest, configuration }: ImportedGuest): ImportEntry[] {
  const of = { environment: environment.name, createTimeout: environment.proxmox.createTimeout };
  const common = { type: resourceTypes[guest.kind], id: String(guest.id) };
  if (guest.kind === "virtual-machine") {
    return pair(guest.kind, guest.name, { ...common, ...virtualMachineState(guest, of, configuration) });
  }
  const provider = needsRoot(guest) === undefined ? providerNames.token : providerNames.root;
  return pair(guest.kind, guest.name, { ...common, provider, ...containerState(guest, of, configuration) });
}
