import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import * as z from "zod";
import { usageError } from "../terminal/command-error";
import type { FoundProject } from "./find-project";
import { parseYaml, readText, readYamlFile } from "./yaml-file";

/** What `Pulumi.yaml` says that is needed here. */
export interface PulumiProject {
  name: string;
  folder: string;
  /** `backend.url`, where the state is kept unless `PULUMI_BACKEND_URL` says otherwise. */
  backendUrl: string | undefined;
  /** Folder of the `Pulumi.<env>.yaml` files. */
  settingsFolder: string;
  /** What `pulumi` runs, as the file says it. */
  main?: string | undefined;
  /** Texts of settings that are to be written, by environment: they count, and not what the files say yet. */
  proposed?: ReadonlyMap<string, string>;
}

const projectSchema = z.object({
  name: z.string().min(1),
  backend: z.object({ url: z.string().optional() }).optional(),
  stackConfigDir: z.string().optional(),
  main: z.string().optional(),
});

/** @throws CommandError (2) */
export function readPulumiProject({ folder, file }: FoundProject): PulumiProject {
  const parsed = projectSchema.safeParse(readYamlFile(file));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
    throw usageError(`${file} is not a Pulumi project: ${problems.join("; ")}`);
  }
  const { name, backend, stackConfigDir, main } = parsed.data;
  return { name, folder, backendUrl: backend?.url, settingsFolder: resolve(folder, stackConfigDir ?? "."), main };
}

const settingsFile = /^Pulumi\.([A-Za-z0-9._-]+)\.ya?ml$/u;

/** Names of the environments: every `Pulumi.<env>.yaml`, sorted. */
export function environmentNames(project: PulumiProject): string[] {
  const names = readdirSync(project.settingsFolder).map((file) => settingsFile.exec(file)?.[1]);
  return [...new Set(names.filter((name): name is string => name !== undefined))].sort();
}

/** What `Pulumi.<env>.yaml` says. */
export interface StackFile {
  file: string;
  /** Keys of the namespace `lifeboat`, without it. Secrets are still `{ secure: … }`, at any depth. */
  settings: Readonly<Record<string, unknown>>;
  encryptionSalt: string | undefined;
  /** Another keeper of secrets than a passphrase, such as `awskms://…`. */
  secretsProvider: string | undefined;
}

const stackSchema = z.object({
  config: z.record(z.string(), z.unknown()).nullish(),
  encryptionsalt: z.string().optional(),
  secretsprovider: z.string().optional(),
});

/** @throws CommandError (2) */
export function readStackFile(project: PulumiProject, environment: string): StackFile {
  const file = fileOf(project, environment);
  return parseStackText(project.proposed?.get(environment) ?? readText(file), file);
}

/** @param file for messages. @throws CommandError (2) */
export function parseStackText(text: string, file: string): StackFile {
  const parsed = stackSchema.safeParse(parseYaml(text, file) ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
    throw usageError(`${basename(file)} does not hold Pulumi settings: ${problems.join("; ")}`, `edit ${file}`);
  }
  const { config, encryptionsalt, secretsprovider } = parsed.data;
  return {
    file,
    settings: lifeboatKeys(config ?? {}),
    encryptionSalt: encryptionsalt,
    secretsProvider: secretsprovider === "passphrase" ? undefined : secretsprovider,
  };
}

function fileOf(project: PulumiProject, environment: string): string {
  const names = readdirSync(project.settingsFolder);
  // Only what can be a stack's name: every line that is printed to be pasted has it as it is.
  const wanted = [`Pulumi.${environment}.yaml`, `Pulumi.${environment}.yml`].filter((name) => settingsFile.test(name));
  const file = wanted.find((name) => names.includes(name));
  if (file !== undefined) return join(project.settingsFolder, file);
  const known = environmentNames(project);
  throw usageError(
    `there is no environment '${environment}' (no Pulumi.${environment}.yaml in ${project.settingsFolder})`,
    known.length === 0 ? undefined : `environments here: ${known.join(", ")}`,
  );
}

const namespace = "lifeboat:";

function lifeboatKeys(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(config).filter(([key]) => key.startsWith(namespace));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(namespace.length), structured(value)]));
}

/** `pulumi config set` stores an object that was given as JSON as a text; the program reads it as an object, and so do we. */
function structured(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/u.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
