import provider from "@muhlba91/pulumi-proxmoxve/package.json";
import {
  type ImportFile,
  importFileOf,
  needsRootProvider,
  type ProviderPlugin,
  type SealedCredentials,
  sealedSecret,
} from "../../../site/import-file/import-file";
import type { ImportPlan } from "../../../site/import-file/plan";
import { CommandError, usageError } from "../../commands/frame/command-error";
import { exitCodes } from "../../commands/frame/exit-codes";
import type { LoadedEnvironment } from "../../project/environment";
import { readStackFile } from "../../project/pulumi-project";
import { rootPasswordHint } from "../../project/root-password";

/** The provider that the program is built with. */
const plugin: ProviderPlugin = { version: provider.version, server: provider.pulumi.server };

/**
 * The import file of a plan. Token and password are in it as Pulumi keeps them: sealed with the stack's passphrase.
 *
 * @throws CommandError (2) when the settings have no `encryptionsalt` yet, or a password is not given, (12) when the
 *   passphrase is missing or wrong.
 */
export async function makeImportFile(environment: LoadedEnvironment, plan: ImportPlan): Promise<ImportFile> {
  return importFileOf(environment.settings, plan, await sealedCredentials(environment, plan), plugin);
}

async function sealedCredentials(environment: LoadedEnvironment, plan: ImportPlan): Promise<SealedCredentials> {
  const { name, project, file } = environment;
  if (readStackFile(project, name).encryptionSalt === undefined) {
    throw usageError(`${file} has no encryptionsalt, with which the token is sealed`, `pulumi stack init ${name}`);
  }
  const { seal } = await environment.secretBox();
  const { value: token } = await environment.token();
  if (!needsRootProvider(plan)) return { token: sealedSecret(token, seal) };
  const password = await environment.rootPassword();
  if (password === undefined) {
    throw new CommandError("a guest needs root@pam, and its password is not given", {
      exitCode: exitCodes.usage,
      hint: rootPasswordHint,
    });
  }
  return { token: sealedSecret(token, seal), rootPassword: sealedSecret(password, seal) };
}
