import { isMapping } from "../../../site/settings/schema-tools";
import { secretKeys } from "../../../site/settings/describe-found";
import { environmentNames, type PulumiProject, readStackFile } from "../../project/pulumi-project";
import { CommandError } from "../../terminal/command-error";
import type { KitFiles } from "../kit-record/kit-files";

/**
 * What would be in a kit in the clear, a half sentence each. The files are looked at as they are written, and not what they come to:
 * settings that are wrong, or of no use today, are put into a kit like all others.
 */
export function clearSecrets(project: PulumiProject, files: KitFiles): string[] {
  const ofSettings = environmentNames(project).flatMap((name) => {
    try {
      return clearKeys(readStackFile(project, name).settings).map((key) => `lifeboat:${key} of ${name}`);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return [`whatever the settings of ${name} hold, which cannot be read`];
    }
  });
  const keys = files.project.filter(({ content }) => privateKey.test(Buffer.from(content).toString("latin1")));
  return [...ofSettings, ...keys.map(({ name }) => `a private key in ${name}`)];
}

/** Somebody may keep a certificate and its key in one file. */
const privateKey = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----/u;

/** Keys of secrets with a value that is not encrypted, by their paths: `backup.storage.password`. */
function clearKeys(settings: Readonly<Record<string, unknown>>, path = ""): string[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    if (secretKeys.has(key)) return isClear(value) ? [`${path}${key}`] : [];
    return isMapping(value) ? clearKeys(value, `${path}${key}.`) : [];
  });
}

/** Pulumi writes what is encrypted as `{ secure: … }`, whole or in its parts. The name of a key of S3 is no secret. */
function isClear(value: unknown): boolean {
  if (typeof value === "string") return value !== "";
  if (typeof value === "number") return true;
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "secure" && typeof only[1] === "string") return false;
  return entries.some(([key, inner]) => key !== "accessKey" && isClear(inner));
}
