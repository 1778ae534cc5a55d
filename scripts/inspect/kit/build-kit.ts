import { shellCredential, secretSources } from "../../../site/settings/credentials";
import type { CommandContext } from "../../project/context";
import { readPassphrase } from "../../project/passphrase-source";
import type { LoadedEnvironment, Site } from "../../project/site";
import { failureOf } from "../../clients/failure";
import { readText } from "../../project/yaml-file";
import { type KitFiles, readProgram } from "../kit-record/kit-files";
import type { StackProgram } from "../kit-record/stack-program";
import type { KitContents } from "./kit-page";
import { kitEnvironment } from "../kit-record/kit-record";
import { neededSecrets } from "./needed-secrets";
import { packed } from "../kit-record/tar-file";

export interface KitRequest {
  /** The program itself is put into it, and what pulumi runs. */
  readonly program: boolean;
  /** Secrets that this command was given are put into it. */
  readonly secrets: boolean;
}

/** As base64 is broken everywhere. */
const lineLength = 76;

/**
 * Puts everything together, from the settings alone: it asks no node.
 *
 * @param files of the project, those very ones in which secrets in the clear were looked for
 * @param stacks what pulumi runs; undefined where the program is not put into it
 * @throws CommandError (2)
 */
export function buildKit(
  site: Site,
  { files, stacks }: { readonly files: KitFiles; readonly stacks: StackProgram | undefined },
  request: KitRequest,
  context: CommandContext,
): KitContents {
  const { usable, unusable } = site.environments();
  const settings = kitEnvironment(site)?.settings.kit ?? {};
  const carried = stacks === undefined || "why" in stacks ? [] : stacks.files;
  const inside = [...files.project, ...(request.program ? [readProgram(context)] : []), ...carried];
  const base64 = packed(inside).toString("base64");
  return {
    project: site.name,
    madeAt: new Date().toISOString(),
    environments: usable,
    unusable: unusable.map(
      ({ name, error }) => `${name}: its settings are wrong: ${failureOf(error, undefined).reason}`,
    ),
    settings,
    store: usable[0]?.stateStore(),
    secrets: neededSecrets(usable, settings, context),
    files,
    opened: request.secrets ? usable.flatMap((environment) => openedFor(environment, context)) : [],
    archive: {
      lines: base64.match(new RegExp(`.{1,${String(lineLength)}}`, "gu")) ?? [],
      hasProgram: request.program,
      stacks,
    },
  };
}

/** What the shell has given for one environment: the rest is in the settings, and the passphrase opens it. */
function openedFor({ name }: LoadedEnvironment, { io }: CommandContext): KitContents["opened"] {
  const passphrase = readPassphrase(name, io.environment);
  const words = passphrase.kind === "given" ? [{ name: `Passphrase of ${name}`, value: passphrase.passphrase }] : [];
  const others = secretSources.flatMap((source) => {
    if (source.variable.startsWith("PULUMI_")) return [];
    const given = shellCredential(source, name, io.environment);
    if (given === undefined) return [];
    const value = given.kind === "value" ? given.value : readText(given.path).trim();
    return [{ name: `${source.variable} of ${name}`, value }];
  });
  return [...words, ...others];
}
