import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { messageOf } from "../../machine/error-code";
import { formatInstant } from "../../terminal/durations";
import type { LoadedEnvironment, Site } from "../../project/site";
import { usageError } from "../../terminal/command-error";
import { readKitFiles } from "./kit-files";

/** What is known of a kit without opening it: it lies beside the file. */
const recordSchema = z.object({
  /** Digest of the site that it was made of. */
  site: z.string(),
  /** SHA-256 of the file itself. */
  file: z.string(),
  madeAt: z.iso.datetime(),
  /** It holds secrets in the clear, inside what is encrypted. */
  secrets: z.boolean(),
});

export type KitRecord = z.infer<typeof recordSchema>;

export function recordPath(file: string): string {
  return `${file}.made.json`;
}

/** Undefined where there is none. A record that cannot be read is none that could be relied on. */
export function readRecord(file: string): KitRecord | undefined {
  const path = recordPath(file);
  if (!existsSync(path)) return undefined;
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

export function fileDigest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The environment whose settings say of the site's kit. @throws CommandError (2) where several do */
export function kitEnvironment(site: Site): LoadedEnvironment | undefined {
  const found = site.environments().usable.filter(({ settings }) => settings.kit !== undefined);
  if (found.length > 1) {
    throw usageError(
      `${found.map(({ name }) => name).join(" and ")} each say of a break-glass file`,
      "a site has one: keep lifeboat:kit in the settings of one environment",
    );
  }
  return found[0];
}

/** What somebody has to do about the file that an environment's settings name, for people. Nothing where they name none. */
export function kitProblems(environment: LoadedEnvironment, site: Site): string[] {
  const name = environment.settings.kit?.file;
  if (name === undefined) return [];
  const again = "to make it anew: lifeboat kit --refresh";
  const file = environment.path(name);
  try {
    if (!existsSync(file)) return [`there is no break-glass file ${name}: lifeboat kit --refresh`];
    const record = readRecord(file);
    if (record === undefined) return [`of which site the break-glass file ${name} was made is not known; ${again}`];
    if (record.file !== fileDigest(readFileSync(file))) {
      return [`the break-glass file ${name} is not what was written at ${formatInstant(record.madeAt)}; ${again}`];
    }
    if (record.site === readKitFiles(site).digest) return [];
    return [`the break-glass file ${name} of ${formatInstant(record.madeAt)} is older than the site; ${again}`];
  } catch (error) {
    return [`the break-glass file ${name} cannot be looked at: ${messageOf(error)}`];
  }
}
