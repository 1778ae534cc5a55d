import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Environment } from "../../site/settings/environment";
import { parseSettings } from "../../site/settings/parse-settings";
import { formatProblems } from "../../site/settings/problem";
import { type DeclaredStore, storeOf } from "../../site/state-store/location";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { messageOf } from "../machine/error-code";
import { environmentNames, type PulumiProject, readStackFile, type StackFile } from "./pulumi-project";
import { Redactor } from "../terminal/redactor";
import { Secrets } from "./secrets";

/** The state store of a site, and how it proves itself. */
export interface SiteStore extends DeclaredStore {
  /** PEM of the authority that signed its certificate. Absent: not made yet, or one of the system's. */
  readonly authority: string | undefined;
}

/**
 * Finds the state store that one of the environments declares. Reads settings only, and of the others no more than whether
 * they declare one: what is wrong with them stops nobody here.
 *
 * @throws CommandError (2) when several do, or when the settings of the one that does are wrong.
 */
export function findSiteStore(project: PulumiProject): SiteStore | undefined {
  const stacks = environmentNames(project).flatMap((name) => declaring(project, name));
  const found = storeOf(stacks.map(({ name, stack }) => environmentOf(name, stack)));
  if (found.kind === "none") return undefined;
  if (found.kind === "several") {
    throw usageError(
      `${found.environments.join(" and ")} each declare a state store`,
      "a site has one: keep lifeboat:stateStore in the settings whose stack makes it",
    );
  }
  const { stack } = stacks.find(({ name }) => name === found.environment.name) ?? {};
  return { ...found, authority: authorityOf(found, stack, project) };
}

interface DeclaringStack {
  readonly name: string;
  readonly stack: StackFile;
}

function declaring(project: PulumiProject, name: string): DeclaringStack[] {
  try {
    const stack = readStackFile(project, name);
    return stack.settings["stateStore"] === undefined ? [] : [{ name, stack }];
  } catch (error) {
    if (error instanceof CommandError) return [];
    throw error;
  }
}

function environmentOf(name: string, stack: StackFile): Environment {
  const secrets = new Secrets(stack, name, {}, new Redactor());
  const parsed = parseSettings(secrets.sealedSettings(), { environment: name });
  if (parsed.ok) return parsed.environment;
  throw new CommandError(
    `the settings of ${name}, which declares the state store, are wrong: ${formatProblems(parsed.problems, name)}`,
    {
      exitCode: exitCodes.usage,
      hint: `edit ${stack.file}`,
      details: { environment: name, problems: parsed.problems },
    },
  );
}

function authorityOf(
  { store }: DeclaredStore,
  stack: StackFile | undefined,
  project: PulumiProject,
): string | undefined {
  if (store.kind === "container") {
    const pem = stack?.settings["stateStoreAuthority"];
    return typeof pem === "string" ? pem : undefined;
  }
  if (store.ca === undefined) return undefined;
  const file = resolve(project.folder, store.ca);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(
      `the certificate authority of the state store cannot be read: ${messageOf(error)}`,
      "put its certificate there, or change 'ca' in lifeboat:stateStore",
    );
  }
}
