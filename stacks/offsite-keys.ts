import { refusal } from "../components/refusal";
import { offsiteArguments } from "../site/arguments/data";
import { missingOffsiteKeys, offsiteKeysHint } from "../site/offsite/keys";
import type { Environment, OffsiteKeys, OffsiteSettings } from "../site/settings/environment";
import { readNamedFile } from "./read-named-file";

/** @throws pulumi.RunError where keys are missing: a copy that somebody relies on is never silently none (J2) */
export function requireOffsiteKeys({ name, offsiteKeys }: Environment, offsite: OffsiteSettings): OffsiteKeys {
  const missing = missingOffsiteKeys(offsite, offsiteKeys);
  if (offsiteKeys !== undefined && missing === undefined) return offsiteKeys;
  const cause = missing ?? "it has no keys";
  throw refusal(`Unable to declare the offsite copies of ${name}: ${cause}\nHINT: ${offsiteKeysHint(name)}`);
}

/** The PEM text of the CA that the service is trusted by, besides those of the system. */
export function offsiteAuthority({ ca }: OffsiteSettings): string | undefined {
  return ca === undefined ? undefined : readNamedFile(ca, "the CA of lifeboat:offsite.ca");
}

/**
 * Where the dumps of a guest are copied to, by its name, as the arguments of a source have it; undefined where they are not.
 *
 * @throws pulumi.RunError where keys are missing
 */
export function copiesOfDumps(environment: Environment) {
  const { name, offsite } = environment;
  if (offsite?.copies.dumps !== true) return undefined;
  const { writer } = requireOffsiteKeys(environment, offsite);
  const authority = offsiteAuthority(offsite);
  return (guest: string) => offsiteArguments(offsite, { environment: name, guest }, writer, authority);
}
