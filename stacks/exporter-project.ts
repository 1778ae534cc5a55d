import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { givenToken, nameOf } from "../site/monitoring/exporter-tokens";
import { at, isMapping } from "../site/settings/schema-tools";
import type { Environment } from "../site/settings/environment";
import { formatKeys } from "../site/state-store/keys";

const settingsFile = /^Pulumi\.([A-Za-z0-9._-]+)\.ya?ml$/u;
const projectFile = /^Pulumi(?:\.[A-Za-z0-9._-]+)?\.ya?ml$/u;

/**
 * The project as the exporter needs it in its guest, without secrets: what is encrypted is left out, and names of files become
 * names of copies beside it. Keys to nodes and guests stay here: the exporter looks through Proxmox's API only.
 *
 * @returns text of each file by its name
 */
export function exporterProject(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(folder)
    .filter((one) => projectFile.test(one))
    .sort()) {
    const text = readFileSync(resolve(folder, name), "utf8");
    files[name] = /^Pulumi\.ya?ml$/u.test(name) ? text : settingsText(parse(text), folder, files);
  }
  return files;
}

function settingsText(settings: unknown, folder: string, files: Record<string, string>): string {
  const config = at(settings, "config");
  if (!isMapping(config)) return stringify(settings);
  const own = Object.entries(config).filter(([, value]) => !isSealed(value));
  return stringify({ config: Object.fromEntries(own.map(([key, value]) => [key, known(key, value, folder, files)])) });
}

/** Values of the settings: sealed ones stay places without content, and a certificate comes along. */
function known(key: string, value: unknown, folder: string, files: Record<string, string>): unknown {
  if (isSealed(value)) return { secure: "left-out" };
  if (Array.isArray(value)) return value.map((one) => known("", one, folder, files));
  if (isMapping(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, known(name, one, folder, files)]));
  }
  if (key !== "ca" || typeof value !== "string") return value;
  const path = resolve(folder, value);
  if (!existsSync(path)) return value;
  // Nothing but certificates goes along: settings of other environments are not checked here, and may name any file.
  const text = certificates(readFileSync(path, "utf8"));
  if (text === undefined) return value;
  const name = copyName(basename(path), text, files);
  files[name] = text;
  return name;
}

function certificates(text: string): string | undefined {
  const found = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/gu);
  return found === null ? undefined : `${found.join("\n")}\n`;
}

/** Two authorities may have one file name, and a name is a word of the installation's script. */
function copyName(name: string, text: string, files: Readonly<Record<string, string>>): string {
  const isFree = !Object.hasOwn(files, name) || files[name] === text;
  if (isFree && /^[\w.-]+$/u.test(name) && !projectFile.test(name)) return name;
  return `ca-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.pem`;
}

function isSealed(value: unknown): boolean {
  return isMapping(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string";
}

/**
 * What the exporter looks with, a file each: a token for each environment, and where this environment makes the state store, a
 * key that reads each bucket, and one that reads the copies elsewhere.
 */
export function exporterCredentials({
  name: owner,
  monitoringSecrets,
  stateStore,
  stateStoreKeys,
}: Environment): Record<string, string> {
  const tokens = Object.entries(monitoringSecrets?.tokens ?? {});
  const offsite = stateStore === undefined ? undefined : monitoringSecrets?.offsiteKey;
  const readers = Object.entries(stateStoreKeys?.readers ?? {});
  return Object.fromEntries([
    ...tokens.map(([name, token]) => [`${name}.token`, token]),
    ...readers.map(([name, key]) => [`${name}.state-key`, formatKeys(key)]),
    ...(offsite === undefined ? [] : [[`${owner}.offsite-key`, formatKeys(offsite)]]),
  ]);
}

/**
 * Environments of which the exporter is to have a token that it is not given, as after plain `pulumi up` with a new one: it would
 * look at them with a former token, or not at all.
 *
 * @param files of {@link exporterProject}
 * @param tokens what the exporter is given, by environment
 */
export function lackingTokens(
  project: string,
  files: Readonly<Record<string, string>>,
  tokens: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(files).flatMap(([file, text]) => {
    const [, name] = settingsFile.exec(file) ?? [];
    if (name === undefined) return [];
    const numbers: unknown = at(at(parse(text), "config"), "lifeboat:exporterTokens");
    const exporterTokens = (Array.isArray(numbers) ? numbers : []).map(Number).toSorted((a, b) => a - b);
    const wanted = givenToken(project, { name, exporterTokens });
    return wanted === undefined || nameOf(tokens[name]) === wanted ? [] : [name];
  });
}
