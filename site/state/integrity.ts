import { createHash } from "node:crypto";
import type { Checkpoint, StateResource } from "./checkpoint";
import { qualifiedName, type StackPlace } from "./state-keys";

/**
 * What is wrong with a state, one half sentence each; empty when Pulumi would take it. These are the checks of Pulumi
 * itself (`pkg/resource/stack/snapshot/integrity.go`), and whose state it is.
 */
export function integrityProblems(checkpoint: Checkpoint, place: StackPlace): string[] {
  const { resources } = checkpoint;
  const later = positions(resources);
  const seen = new Set<string>();
  const providers = new Set<string>();
  const problems = [...stackProblems(checkpoint, place)];
  resources.forEach((resource, index) => {
    const missing = (urn: string, as: string): void => {
      if (seen.has(urn)) return;
      const isLater = (later.get(urn) ?? -1) > index;
      problems.push(`${nameOf(resource.urn)}: its ${as} ${nameOf(urn)} ${isLater ? "comes after it" : "is not there"}`);
    };
    problems.push(...ownProblems(resource, place));
    for (const [urn, as] of referencesOf(resource)) missing(urn, as);
    if (isProvider(resource)) providers.add(`${resource.urn}::${resource.id ?? ""}`);
    const { provider } = resource;
    if (isSet(provider) && !providers.has(provider) && resource.pendingReplacement !== true) {
      problems.push(`${nameOf(resource.urn)}: its provider ${nameOf(provider)} is not there`);
    }
    seen.add(resource.urn);
  });
  return [...problems, ...duplicates(resources)];
}

/** Name and type of a URN, as people know the resource: `web-container (proxmoxve:index:Container)`. */
export function nameOf(urn: string): string {
  // urn:pulumi:<stack>::<project>::<types>::<name>; a provider's reference has its id behind that.
  const [, , types = "", name] = urn.split("::");
  return name === undefined ? urn : `${name} (${types.split("$").at(-1) ?? types})`;
}

function* stackProblems({ stack, manifest }: Checkpoint, place: StackPlace): Generator<string> {
  const wanted = qualifiedName(place);
  // States from before projects were part of the name have the stack's alone.
  if (stack !== wanted && stack !== place.stack) yield `it is the state of ${stack}, and not of ${wanted}`;
  if (isSet(manifest.magic) && manifest.magic !== magicOf(manifest.pulumi)) {
    yield "its manifest was changed by hand (the magic does not fit the version)";
  }
}

function ownProblems({ urn, type, custom, id }: StateResource, { project, stack }: StackPlace): string[] {
  const problems: string[] = [];
  if (urn === "") problems.push("a resource has no URN");
  else if (!urn.startsWith(`urn:pulumi:${stack}::${project}::`)) problems.push(`${urn} belongs to another stack`);
  if (type === "") problems.push(`${nameOf(urn)}: it has no type`);
  if (custom !== true && isSet(id)) problems.push(`${nameOf(urn)}: it is a component, and has an id`);
  return problems;
}

function referencesOf(resource: StateResource): (readonly [string, string])[] {
  const { parent, dependencies, propertyDependencies, deletedWith } = resource;
  const byProperty = Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? []);
  const depends = new Set([...(dependencies ?? []), ...byProperty]);
  return [
    ...(isSet(parent) ? [[parent, "parent"] as const] : []),
    ...[...depends].map((urn) => [urn, "dependency"] as const),
    ...(isSet(deletedWith) ? [[deletedWith, "companion in deletion"] as const] : []),
  ];
}

/** Of several with one URN, all but one must be marked for deletion. */
function duplicates(resources: readonly StateResource[]): string[] {
  const living = new Map<string, number>();
  for (const { urn, delete: isDeleted } of resources) {
    if (isDeleted !== true) living.set(urn, (living.get(urn) ?? 0) + 1);
  }
  return [...living].filter(([, count]) => count > 1).map(([urn]) => `${nameOf(urn)}: it is there twice`);
}

/** The last place of each URN. */
function positions(resources: readonly StateResource[]): Map<string, number> {
  return new Map(resources.map(({ urn }, index) => [urn, index]));
}

function isProvider({ type }: StateResource): boolean {
  return type.startsWith("pulumi:providers:");
}

/** Pulumi's guard against changes by hand: the digest of its version. */
function magicOf(version: string): string {
  return createHash("sha256").update(version).digest("hex");
}

function isSet(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}
