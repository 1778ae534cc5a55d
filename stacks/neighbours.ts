import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { neighbourOf, type Neighbour } from "../site/policies/neighbours";
import { at, isMapping } from "../site/settings/schema-tools";

const settingsFile = /^Pulumi\.([A-Za-z0-9._-]+)\.ya?ml$/u;

/** Names of all environments of the project, sorted. */
export function environmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => settingsFile.exec(file)?.[1] ?? [])
    .sort();
}

/** What the files of all environments of the project have under `config`, as far as they can be read. */
export function configurationsIn(folder: string): unknown[] {
  return readdirSync(folder)
    .filter((file) => settingsFile.test(file))
    .sort()
    .flatMap((file) => configurationIn(join(folder, file)));
}

function configurationIn(file: string): unknown[] {
  try {
    return [at(parse(readFileSync(file, "utf8")), "config")];
  } catch {
    // It is its own environment's matter.
    return [];
  }
}

/** The other environments of the project, from their files. A file that cannot be read is its own environment's matter. */
export function readNeighbours(folder: string, own: string): Neighbour[] {
  return readdirSync(folder).flatMap((file) => {
    const name = settingsFile.exec(file)?.[1];
    return name === undefined || name === own ? [] : neighbourIn(join(folder, file), name);
  });
}

function neighbourIn(file: string, name: string): Neighbour[] {
  try {
    const config: unknown = at(parse(readFileSync(file, "utf8")), "config");
    if (!isMapping(config)) return [];
    const own = Object.entries(config).map(([key, value]) => [key.replace(/^lifeboat:/u, ""), value]);
    return [neighbourOf(name, Object.fromEntries(own))];
  } catch {
    return [];
  }
}
