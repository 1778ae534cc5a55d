import { pulumiLine } from "../../../site/plain-pulumi";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ImportFile } from "../../../site/import-file/import-file";
import { type ImportPlan, planImport } from "../../../site/import-file/plan";
import { shellQuote } from "../../machine/shell-quote";
import { makePrivateFolder, writeDurably } from "../../machine/durable-file";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import type { Site } from "../../project/site";
import { StateFolder } from "../../recovery/engine/state-folder";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { importView, printImport } from "./import-page";
import { makeImportFile } from "./make-import-file";
import { remainingStates } from "./remaining-states";
import type { importFileShape } from "./shape";
import { readSite } from "./site-facts";
import { knownStore, readStore } from "./store-facts";

export interface ImportRequest {
  /** Where to write the file; by default Lifeboat's own folder of the environment. */
  readonly to?: string | undefined;
  /** Replace a file that is there already. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

/**
 * What of an environment is on the site and can be taken into a new state, and the file that does it. Nothing but that
 * file is written.
 *
 * @throws CommandError (2) for a file that is there already, (10) where nothing of the environment is on the site, (12)
 */
export async function inspectImport(
  site: Site,
  environment: LoadedEnvironment,
  request: ImportRequest,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof importFileShape>>> {
  const { name, settings } = environment;
  const { to, dryRun } = request;
  const file = fileFor(environment, request, context);
  const remaining = await remainingStates(environment, context);
  if (remaining !== undefined) context.talk.warning(remaining);
  const store = await knownStore(environment, context.redactor);
  const contents = await context.progress.step(`look at what is there of ${name}`, async () => {
    const client = await environment.client();
    const onSite = await readSite(client, settings);
    const authority = environment.stateStore()?.authority;
    return store === undefined
      ? onSite
      : { ...onSite, store: await readStore(store, site.environmentNames, client, authority) };
  });
  const plan = planImport(settings, contents);
  const importFile = await makeImportFile(environment, plan, store);
  if (importFile.resources.every(({ id }) => id === undefined)) throw nothingThere(name, plan);
  if (!dryRun) write(file, importFile, to === undefined);
  const value = {
    environment: name,
    dryRun,
    file,
    ...importView(settings, plan, importFile),
    next: nextCommands(name, file),
  };
  return {
    value,
    print: (lines) => printImport(value, lines),
    exitCode: plan.leftOut.every(({ isMade }) => isMade) ? exitCodes.done : exitCodes.partly,
  };
}

/** @throws CommandError (2) for a file that is there already and that nobody has given up. */
function fileFor(environment: LoadedEnvironment, { to, force, dryRun }: ImportRequest, { io }: CommandContext): string {
  if (to === undefined) {
    const { endpoint } = environment.settings.proxmox;
    const folder = new StateFolder({ environment: environment.name, endpoint }, io.environment);
    return join(folder.path, "import.json");
  }
  const file = resolve(io.workingDirectory, to);
  if (dryRun || force || !existsSync(file)) return file;
  throw usageError(`${file} is there already`, "add --force to replace it, or name another file");
}

function write(file: string, contents: ImportFile, isOwnFolder: boolean): void {
  if (isOwnFolder) makePrivateFolder(dirname(file));
  writeDurably(file, `${JSON.stringify(contents, null, 2)}\n`);
}

function nothingThere(name: string, { leftOut }: ImportPlan): CommandError {
  return new CommandError("nothing that it declares is on the site", {
    exitCode: exitCodes.nothing,
    hint: `guests that have backups come back with lifeboat restore guest; the rest is made by ${pulumiLine(name, "up")}`,
    details: { leftOut },
  });
}

/** In this order, in the project's folder. */
function nextCommands(name: string, file: string): string[] {
  return [
    `eval "$(lifeboat env ${name})"`,
    `pulumi stack select ${name} --create`,
    `pulumi import --stack ${name} --file ${shellQuote(file)} --generate-code=false`,
    `pulumi refresh --stack ${name}`,
    `pulumi preview --stack ${name}`,
  ];
}
