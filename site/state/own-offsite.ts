import { offsiteName, offsiteTypes } from "../offsite/resource-names";
import type { Environment, OffsiteSettings } from "../settings/environment";
import type { StateResource } from "./checkpoint";

/** What the program makes elsewhere, by the settings. Undefined: nothing, or somebody else has made the bucket. */
export function ownOffsite({ offsite }: Pick<Environment, "offsite">): OffsiteSettings | undefined {
  return offsite?.adopt === false ? offsite : undefined;
}

/**
 * What the provider of the bucket elsewhere has for its service. What the state seals is opened for a provider, and the name of a key
 * goes to its service as it is: another address would be told any secret of the stack.
 */
export function offsiteService({ kind, endpoint, region }: OffsiteSettings) {
  // In order: so the provider keeps what is no text, as JSON.
  const endpoints = [{ iam: endpoint, s3: endpoint, s3control: endpoint, sts: endpoint }];
  return kind === "aws" ? { region } : { region, endpoints };
}

/** Why the inputs of a provider are for another service than that of the settings. */
export function whyOtherService(
  inputs: Readonly<Record<string, unknown>>,
  own: OffsiteSettings | undefined,
): string | undefined {
  if (own === undefined) return "the settings have it make no bucket elsewhere";
  const { region, endpoints } = offsiteService(own);
  if (inputs["region"] !== region) return `its region is not that of the settings, ${region}`;
  const isOwn =
    endpoints === undefined ? inputs["endpoints"] == null : inputs["endpoints"] === JSON.stringify(endpoints);
  if (!isOwn) return `it speaks to another service than that of the settings, ${own.endpoint}`;
  if (own.ca === undefined && inputs["customCaBundle"] != null) return "it trusts an authority of its own";
  return undefined;
}

const roles: ReadonlyMap<string, string> = new Map(Object.entries(offsiteTypes).map(([role, type]) => [type, role]));

/** Whether it is a part of the bucket elsewhere. */
export function isOffsite({ type }: StateResource): boolean {
  return roles.has(type);
}

/** Why a part of the bucket elsewhere is not the stack's own. @param name in its URN. @param found every bucket that it names */
export function whyOtherOffsite(
  { type, retainOnDelete }: StateResource,
  name: string,
  found: readonly string[],
  own: OffsiteSettings | undefined,
): string | undefined {
  if (retainOnDelete !== true) return "it would go from there with its entry, and the program keeps it";
  if (own === undefined) return "the settings have it make no bucket elsewhere";
  if (name !== `${offsiteName}-${roles.get(type) ?? ""}`) return "the program makes nothing of this name";
  if (found.every((one) => one === own.bucket)) return undefined;
  return `it names bucket ${[...new Set(found)].join(", ")}, and the settings have ${own.bucket}`;
}
