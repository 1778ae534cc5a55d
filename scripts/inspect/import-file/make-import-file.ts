import minio from "@pulumi/minio/package.json";
import proxmox from "@muhlba91/pulumi-proxmoxve/package.json";
import { type ImportEntry, type SealedSecret, sealedSecret } from "../../../site/import-file/entries";
import { type ImportFile, importFileOf, neededProviders } from "../../../site/import-file/import-file";
import type { ImportPlan } from "../../../site/import-file/plan";
import {
  providerEntryNames,
  type ProviderPlugins,
  rootProvider,
  storeProvider,
  tokenProvider,
} from "../../../site/import-file/providers";
import { usageError } from "../../terminal/command-error";
import type { LoadedEnvironment } from "../../project/environment";
import { rootPasswordHint } from "../../project/root-password";
import type { KnownStore } from "./store-facts";

/** The providers that the program is built with. */
const plugins: ProviderPlugins = {
  proxmox: { version: proxmox.version, server: proxmox.pulumi.server },
  minio: { version: minio.version },
};

/**
 * The import file of a plan. Token, password and key are in it as Pulumi keeps them: sealed with the stack's passphrase.
 *
 * @throws CommandError (2) when the settings have no `encryptionsalt` yet, or a password is not given, (12) when the
 *   passphrase is missing or wrong.
 */
export async function makeImportFile(
  environment: LoadedEnvironment,
  plan: ImportPlan,
  store: KnownStore | undefined,
): Promise<ImportFile> {
  const { name, file } = environment;
  if (environment.encryptionSalt() === undefined) {
    throw usageError(
      `${file} has no encryptionsalt, with which the token is sealed`,
      `eval "$(lifeboat env ${name})" && pulumi stack init ${name}`,
    );
  }
  const box = await environment.secretBox();
  const seal = (value: string): SealedSecret => sealedSecret(value, (text) => box.seal(text));
  const needed = neededProviders(environment.settings, plan);
  const providers: ImportEntry[] = [];
  if (needed.has(providerEntryNames.token)) {
    const { value } = await environment.token();
    providers.push(tokenProvider(environment.settings, seal(value), plugins.proxmox));
  }
  if (needed.has(providerEntryNames.root)) {
    const password = await environment.rootPassword();
    if (password === undefined)
      throw usageError("a guest needs root@pam, and its password is not given", rootPasswordHint);
    providers.push(rootProvider(environment.settings, seal(password), plugins.proxmox));
  }
  const root = store?.keys.root;
  if (needed.has(providerEntryNames.store) && store !== undefined && root !== undefined) {
    providers.push(storeProvider(store.declared, root, seal(root.secretKey), plugins.minio));
  }
  return importFileOf(environment.settings, plan, providers, plugins);
}
