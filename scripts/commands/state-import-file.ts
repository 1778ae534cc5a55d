import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import type { ImportFile } from "../../site/import-file/import-file";
import { type ImportPlan, planImport } from "../../site/import-file/plan";
import { shellQuote } from "../clients/shell-quote";
import type { LoadedEnvironment } from "../project/environment";
import { makePrivateFolder, writeDurably } from "../machine/durable-file";
import { StateFolder } from "../recovery/engine/state-folder";
import { lookAtSite } from "../inspect/import-file/site-facts";
import { knownStore, lookAtStore } from "../inspect/import-file/store-facts";
import { makeImportFile } from "../inspect/import-file/make-import-file";
import { tellOfStates } from "../inspect/import-file/remaining-states";
import { defineCommand } from "./frame/command";
import { CommandError, usageError } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { importView, printImport } from "../inspect/import-file/import-page";
import type { CommandContext } from "../project/context";

const inputSchema = z.object({
  environment: z.string(),
  to: z.string().min(1).optional(),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "For an environment whose state is lost everywhere: writes a file with which `pulumi import` takes what exists on the site into a new state, so that the next preview neither replaces nor deletes anything. Taken in are the guests that bear this environment's mark, its backup storage and job, and the firewall rules, buckets and identities of the state store; everything else is named, with what becomes of it. Nothing on the site is changed.",
  examples: [
    { command: "lifeboat state import-file prod --dry-run", meaning: "what would be taken in, and what not?" },
    { command: "lifeboat state import-file prod", meaning: "write the file, and say what to do with it" },
    { command: "lifeboat state import-file prod --to prod-import.json", meaning: "… to a place of your own" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: true }],
  options: [
    { flags: "--to <file>", description: "where to write it. Default: Lifeboat's own folder of the environment" },
    { flags: "--force", description: "replace a file that is there already" },
    { flags: "--dry-run", description: "show what would be taken in; write nothing" },
  ],
  input: inputSchema,
  aim: ({ environment }) => `write the import file of ${environment}`,
  run: async (input, context) => {
    const site = await context.site();
    const environment = site.environment(input.environment);
    const file = fileFor(environment, input, context);
    const remaining = await tellOfStates(environment, context);
    if (remaining !== undefined) context.talk.warning(remaining);
    const store = await knownStore(environment, context.redactor);
    const contents = await context.progress.step(`look at what is there of ${environment.name}`, async () => {
      const client = await environment.client();
      const onSite = await lookAtSite(client, environment.settings);
      const authority = environment.stateStore()?.authority;
      return store === undefined
        ? onSite
        : { ...onSite, store: await lookAtStore(store, site.environmentNames, client, authority) };
    });
    const plan = planImport(environment.settings, contents);
    const importFile = await makeImportFile(environment, plan, store);
    return write(environment, plan, importFile, { file, ...input }, context);
  },
});

/** @throws CommandError (2) for a file that is there already and that nobody has given up. */
function fileFor(environment: LoadedEnvironment, { to, force, dryRun }: Input, { io }: CommandContext): string {
  if (to === undefined) {
    const { endpoint } = environment.settings.proxmox;
    const folder = new StateFolder({ environment: environment.name, endpoint }, io.environment);
    return join(folder.path, "import.json");
  }
  const file = resolve(io.workingDirectory, to);
  if (dryRun || force || !existsSync(file)) return file;
  throw usageError(`${file} is there already`, "add --force to replace it, or name another file");
}

async function write(
  environment: LoadedEnvironment,
  plan: ImportPlan,
  contents: ImportFile,
  { file, to, dryRun }: Input & { readonly file: string },
  { output }: CommandContext,
): Promise<ExitCode> {
  const { name } = environment;
  if (contents.resources.every(({ id }) => id === undefined)) throw nothingThere(name, plan);
  if (!dryRun) {
    if (to === undefined) makePrivateFolder(dirname(file));
    writeDurably(file, `${JSON.stringify(contents, null, 2)}\n`);
  }
  const next = nextCommands(name, file);
  const view = importView(environment.settings, plan, contents);
  output.result({ environment: name, dryRun, file, ...view, next }, (lines) =>
    printImport({ environment: name, file, isWritten: !dryRun, next, ...view }, lines),
  );
  return plan.leftOut.every(({ isMade }) => isMade) ? exitCodes.done : exitCodes.partly;
}

function nothingThere(name: string, { leftOut }: ImportPlan): CommandError {
  return new CommandError("nothing that it declares is on the site", {
    exitCode: exitCodes.nothing,
    hint: `guests that have backups come back with lifeboat restore guest; the rest is made by pulumi up -s ${name}`,
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
