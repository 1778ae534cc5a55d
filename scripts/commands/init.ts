import * as z from "zod";
import { examine } from "../inspect/doctor/examine";
import { operatorLines } from "../inspect/doctor/setup";
import type { CommandContext } from "../project/context";
import { openSite } from "../project/site";
import { nobody, offerAll } from "../recovery/adopt/offer";
import { scopeWith } from "../recovery/init/access";
import { makeSettings, type MadeSettings, presentSettings } from "../recovery/init/make-settings";
import { initPlace } from "../recovery/init/place";
import { initReport } from "../recovery/init/report";
import { initShape } from "../recovery/init/shape";
import { exitCodes, type ExitCode } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";

const unnamedOwner = "to be named";

const input = z.object({
  environment: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/u, "letters, digits, - and _, such as home")
    .default("home"),
  endpoint: z.string().optional(),
  ca: z.string().optional(),
  fingerprint: z.string().optional(),
  node: z.string().optional(),
  tokenFile: z.string().optional(),
  passphraseFile: z.string().optional(),
  storage: z.string().optional(),
  adoptAll: z.boolean().default(false),
  owner: z.string().trim().min(1).max(200).default(unnamedOwner),
  force: z.boolean().default(false),
});

type Input = z.output<typeof input>;

export const command = defineCommand({
  description:
    "Writes the settings of a site: asks for a node, its certificate, an API token and the storage for backups, tries each answer on the node, shows what it is going to write, and writes it. In an empty folder it makes the project as well. Then it runs doctor, and offers to adopt the guests that somebody made by hand. Nothing on the node is changed, and no file is written over. Interrupted, it has written nothing, or goes on where it was when you run it again.",
  examples: [
    { command: "lifeboat init", meaning: "ask for everything; the settings are called home" },
    { command: "lifeboat init office --endpoint 192.0.2.11", meaning: "another name; the rest is asked" },
    {
      command:
        "lifeboat init home --endpoint 192.0.2.11 --ca pve-root-ca.pem --token-file token --passphrase-file passphrase --storage backup --adopt-all --force",
      meaning: "no question at all, for scripts",
    },
  ],
  arguments: [
    { name: "environment", description: "name of the settings: home makes Pulumi.home.yaml", required: false },
  ],
  options: [
    { flags: "--endpoint <address>", description: "a node, or any node of a cluster" },
    { flags: "--ca <file>", description: "CA of the nodes' certificates: /etc/pve/pve-root-ca.pem of a node" },
    {
      flags: "--fingerprint <sha256>",
      description: "in place of a CA: of the node's certificate, as the node shows it",
    },
    { flags: "--node <name>", description: "where guests live; only where the cluster has several nodes" },
    { flags: "--token-file <file>", description: "file with the API token, which goes into the settings, encrypted" },
    { flags: "--passphrase-file <file>", description: "file of the passphrase; made where there is none" },
    { flags: "--storage <id>", description: "storage for backups, one of the node's" },
    { flags: "--adopt-all", description: "write every guest that is on the nodes into the settings" },
    { flags: "--owner <name>", description: "who answers for disks of those that are in no backup" },
    { flags: "--force", description: "do not ask whether to write" },
  ],
  input: input.refine(({ ca, fingerprint }) => ca === undefined || fingerprint === undefined, {
    error: "give --ca or --fingerprint, not both",
  }),
  aim: ({ environment }) => `set up ${environment}`,
  prints: { report: initShape },
  run: async (given, context) => {
    const place = initPlace(given.environment, context);
    const made = place.isThere
      ? presentSettings(place, { ...given, further: [] }, context)
      : await makeSettings(place, { ...given, further: furtherWords(given) }, setupLines, context);
    return finish(given, made, await goOn(place.folder, made.variables, context));
  },
});

/** What the settings do not depend on, as it was typed. */
function furtherWords({ adoptAll, owner }: Input): string[] {
  return [...(adoptAll ? ["--adopt-all"] : []), ...(owner === unnamedOwner ? [] : ["--owner", owner])];
}

/** Lines for the node that make a token with the least privileges. */
function setupLines(backupStorages: readonly string[]): readonly string[] {
  return operatorLines(scopeWith(backupStorages));
}

/** The context of what follows: with the settings that were just made, and the passphrase that opens them. */
async function goOn(folder: string, variables: Readonly<Record<string, string>>, context: CommandContext) {
  const io = { ...context.io, environment: { ...context.io.environment, ...variables } };
  const { environment, workingDirectory } = io;
  const site = await openSite({ project: folder, environment, workingDirectory, redactor: context.redactor });
  context.defer(() => site.close());
  return { ...context, io, site: () => Promise.resolve(site) };
}

/** What is done whenever there are settings, so that a second run does what an interrupted one has left. */
async function finish(given: Input, made: MadeSettings, context: CommandContext): Promise<ExitCode> {
  const site = await context.site();
  const doctor = await examine(site, given.environment, context);
  doctor.print(context.talk);
  doctor.remark?.(context.talk);
  const canAdopt = doctor.exitCode !== exitCodes.unavailable;
  const offer = { owner: given.owner, all: given.adoptAll };
  const guests = canAdopt ? await offerAll(site.environment(given.environment), offer, context) : nobody;
  const { value, print } = initReport({ environment: site.reread(given.environment), made, guests, doctor }, context);
  context.output.result(value, print);
  return doctor.exitCode;
}
