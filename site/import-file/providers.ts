import { providerNames } from "../resources";
import type { Environment, KeyPair } from "../settings/environment";
import type { DeclaredStore } from "../state-store/location";
import { storeProviderName } from "../state-store/resource-names";
import { type ImportEntry, place, type SealedSecret } from "./entries";

/** Version and origin of a provider's plugin: part of what Pulumi remembers of a provider. */
export interface ProviderPlugin {
  readonly version: string;
  /** Absent: Pulumi's own place. */
  readonly server?: string | undefined;
}

export interface ProviderPlugins {
  readonly proxmox: ProviderPlugin;
  readonly minio: ProviderPlugin;
}

const proxmoxType = "pulumi:providers:proxmoxve";
const minioType = "pulumi:providers:minio";

/** Names of the providers' entries. */
export const providerEntryNames = {
  token: place(proxmoxType, providerNames.token).name,
  root: place(proxmoxType, providerNames.root).name,
  store: place(minioType, storeProviderName).name,
} as const;

/** The plugin behind a provider's entry. */
export function pluginOf(provider: string, plugins: ProviderPlugins): ProviderPlugin {
  return provider === providerEntryNames.store ? plugins.minio : plugins.proxmox;
}

/** The provider that signs in with the API token, as the program registers it. */
export function tokenProvider(environment: Environment, apiToken: SealedSecret, plugin: ProviderPlugin): ImportEntry {
  const { endpoint } = environment.proxmox;
  return { ...place(proxmoxType, providerNames.token), inputs: { endpoint, apiToken, ...ofPlugin(plugin) } };
}

/** The provider that signs in as root@pam. */
export function rootProvider(environment: Environment, password: SealedSecret, plugin: ProviderPlugin): ImportEntry {
  const { endpoint } = environment.proxmox;
  const inputs = { endpoint, username: "root@pam", password, ...ofPlugin(plugin) };
  return { ...place(proxmoxType, providerNames.root), inputs };
}

/** The provider of the state store. */
export function storeProvider(
  { endpoint, store }: DeclaredStore,
  { accessKey }: Pick<KeyPair, "accessKey">,
  minioPassword: SealedSecret,
  plugin: ProviderPlugin,
): ImportEntry {
  const inputs = {
    minioServer: new URL(endpoint).host,
    minioUser: accessKey,
    minioPassword,
    minioRegion: store.region,
    minioSsl: "true",
    ...ofPlugin(plugin),
  };
  return { ...place(minioType, storeProviderName), inputs };
}

function ofPlugin({ version, server }: ProviderPlugin) {
  return { version, __internal: server === undefined ? {} : { pluginDownloadURL: server } };
}
