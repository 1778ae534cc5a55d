import { localCommandType } from "../resources";
import { madeByProgram, type ProviderPackage, providerPackages } from "../program-types";
import { isRemovalCommand } from "../data/entrance";
import { isArchivesRemoval } from "../offsite/node-places";
import { removalCommands } from "../state-store/offsite-removal";
import { stateStoreComponents } from "../state-store/resource-names";
import type { Checkpoint, StateResource } from "./checkpoint";
import type { OwnAddresses } from "./own-addresses";
import { whyForeignName } from "./own-names";
import { whyOtherService } from "./own-offsite";
import { secretSignature, signatureKey } from "./state-diff";
import type { StackPlace } from "./state-keys";

/** A part of a state that the program never makes. */
export interface ForeignPart {
  readonly urn: string;
  /** Half a sentence. */
  readonly why: string;
}

/**
 * Parts that this run may use although the program never makes them: URNs, with commas between them. For those who have
 * extended the program. A variable: in a file the consent would be for whatever is there the next time, too.
 */
export const foreignVariable = "LIFEBOAT_ALLOW_STATE_PARTS";

/**
 * What a state holds that the program never makes, in the order in which it stands there. Pulumi gets plugins that a state
 * names, gives them what is in it, and deletes what the program does not declare: whoever writes a state would have the operator's
 * machine do so. A provider and a command have credentials, so that they are foreign, too, where they would send them to another
 * server than the settings name; and what a resource names is foreign where the settings have it under another URN, or not at all.
 *
 * @param allowed what {@link foreignVariable} holds
 */
export function foreignParts(
  { keeper, resources, pendingResources }: Pick<Checkpoint, "keeper" | "resources" | "pendingResources">,
  place: StackPlace,
  addresses: OwnAddresses,
  allowed: string | undefined,
): ForeignPart[] {
  const found = [...resources, ...pendingResources].flatMap((resource) => {
    const why = whyForeign(resource, place, addresses);
    return why === undefined ? [] : [{ urn: resource.urn, why }];
  });
  const all = [...(keeper.kind === "other" ? [serviceOf(keeper)] : []), ...found, ...twice(resources)];
  return withoutConsent([...new Map(all.map((part) => [part.urn, part])).values()], allowed);
}

/** Those parts that {@link foreignVariable} does not name. @param allowed what it holds */
export function withoutConsent(parts: readonly ForeignPart[], allowed: string | undefined): ForeignPart[] {
  // A name in a URN may have a comma.
  const consented = new Set((allowed ?? "").split(/,(?=\s*(?:urn:|secrets_providers|$))/u).map((urn) => urn.trim()));
  return parts.filter(({ urn }) => !consented.has(urn));
}

/** Of two under one URN the program declares one, and nobody knows which. What waits to be deleted has that of its successor. */
function twice(resources: Checkpoint["resources"]): ForeignPart[] {
  const present = resources.filter((resource) => resource.delete !== true && resource.pendingReplacement !== true);
  const seen = new Set<string>();
  return present.flatMap(({ urn }) => {
    const isSecond = seen.has(urn);
    seen.add(urn);
    return isSecond ? [{ urn, why: "it is there twice" }] : [];
  });
}

/** Pulumi would ask the service that the state names. It has no URN: this is the name of the member. */
function serviceOf({ type }: { type: string }): ForeignPart {
  return { urn: "secrets_providers", why: `its secrets are kept by a service (${type}), and not by a passphrase` };
}

function whyForeign(
  resource: StateResource,
  { project, stack }: StackPlace,
  addresses: OwnAddresses,
): string | undefined {
  const { urn, type, viewOf, resourceHooks, envVarMappings } = resource;
  const [own, name] = splitUrn(urn, `urn:pulumi:${stack}::${project}::`);
  if (own === undefined || name === undefined) return `it is none of the project ${project} and its stack ${stack}`;
  if (own.split("$").at(-1) !== type) return `its URN tells of another type than ${type}`;
  if (isSet(viewOf) || isSet(resourceHooks) || isSet(envVarMappings)) return "the program sets no hooks and no views";
  if (own.startsWith(providerPrefix)) return whyForeignProvider(resource, name, addresses);
  const kind = madeByProgram(own);
  if (kind === undefined) return `the program makes nothing of the type ${own}`;
  if ((resource.custom === true) !== (kind === "resource")) return `the program makes a ${kind} of the type ${own}`;
  return kind === "resource"
    ? (whyForeignReference(resource, { project, stack }) ??
        whyForeignCommand(resource) ??
        whyForeignContent(resource) ??
        whyForeignName(resource, name, addresses.names))
    : whyForeignHostKey(resource);
}

/** Whoever shows the host key that stands in the state gets the store's secrets: nobody writes one without the passphrase. */
function whyForeignHostKey({ type, outputs }: StateResource): string | undefined {
  if (type !== stateStoreComponents.hostKey) return undefined;
  const key = outputs?.["hostKey"];
  return !isSet(key) || isSealed(key) ? undefined : "its host key is not sealed";
}

const providerPrefix = "pulumi:providers:";

/** Types and name of a URN that begins as it has to. */
function splitUrn(urn: string, prefix: string): [string | undefined, string | undefined] {
  if (!urn.startsWith(prefix)) return [undefined, undefined];
  const rest = urn.slice(prefix.length);
  const end = rest.indexOf("::");
  return end < 0 ? [rest, undefined] : [rest.slice(0, end), rest.slice(end + 2)];
}

function whyForeignProvider(
  { type, custom, inputs, outputs, provider }: StateResource,
  name: string,
  addresses: OwnAddresses,
): string | undefined {
  const known = providerPackages.get(type.slice(providerPrefix.length));
  if (known === undefined) return "the program has no provider of this package";
  if (custom !== true || isSet(provider)) return "it is no provider as Pulumi makes one";
  if (!isOwnName(name, known)) return "the program has no provider of this name";
  for (const [key, value] of [...Object.entries(inputs ?? {}), ...Object.entries(outputs ?? {})]) {
    const problem = whyForeignSetting(key, value, known, addresses);
    if (problem !== undefined) return problem;
  }
  // What is not there is for the plugin, or for a variable, to say.
  if (type === storeProviderType && !isTrue(inputs?.["minioSsl"])) return "its connection would not be encrypted";
  return type === offsiteProviderType ? whyOtherService(inputs ?? {}, addresses.names.offsite) : undefined;
}

const storeProviderType = `${providerPrefix}minio`;
const offsiteProviderType = `${providerPrefix}aws`;

function isTrue(value: unknown): boolean {
  return value === "true" || value === true;
}

function whyForeignSetting(
  key: string,
  value: unknown,
  { inputs, address }: ProviderPackage,
  addresses: OwnAddresses,
): string | undefined {
  if (key === "version") return typeof value === "string" ? undefined : "its version is no text";
  if (key === "pluginDownloadURL") return value === address ? undefined : "it names a place to get its plugin from";
  if (key === internal) {
    if (!isRecord(value)) return `its ${internal} is of an unknown form`;
    const other = Object.entries(value).find(([inner, held]) => inner !== "pluginDownloadURL" || held !== address);
    if (other === undefined) return undefined;
    return `its plugin would be got or made by its ${other[0]}, and the program sets none`;
  }
  if (!inputs.includes(key)) return `the program does not set its ${key}`;
  if (key === "endpoint") return whyElsewhere(key, value, addresses.proxmox);
  if (key === "minioServer") return whyElsewhere(key, value, addresses.store);
  if (key === "minioSsl" && !isTrue(value)) return "its connection would not be encrypted";
  return undefined;
}

/** One that the program names, or that Pulumi does: `default`, `default_1_2_1`. */
function isOwnName(name: string, { names }: ProviderPackage): boolean {
  return names === "default" ? /^default(?:_\d+)*$/u.test(name) : names.includes(name);
}

function whyElsewhere(key: string, value: unknown, own: string | undefined): string | undefined {
  if (value === own) return undefined;
  const there = typeof value === "string" ? value : "something that is no address";
  return `its ${key} is ${there}, and ${own === undefined ? "the settings have none" : `that of the settings ${own}`}`;
}

/** Where Pulumi keeps what it needs to know of a plugin. */
const internal = "__internal";

/** The provider that works on it: one of its own package and stack. Its own settings are looked at where it stands. */
function whyForeignReference({ type, provider }: StateResource, { project, stack }: StackPlace): string | undefined {
  if (!isSet(provider)) return undefined;
  const [wanted = ""] = type.split(":", 1);
  const isOwn = provider.startsWith(`urn:pulumi:${stack}::${project}::${providerPrefix}${wanted}::`);
  return isOwn ? undefined : `its provider is none of ${wanted}`;
}

/**
 * What a command runs when it is deleted stands in the state, and where: the program's connections are secrets as a whole, which
 * nobody writes without the passphrase. In the open, one would name a host key or none, and have a sealed secret for its password.
 */
function whyForeignCommand({ type, inputs, outputs }: StateResource): string | undefined {
  if (!type.startsWith("command:")) return undefined;
  for (const held of [inputs ?? {}, outputs ?? {}]) {
    const { delete: text, environment, connection } = held;
    if (isSet(environment)) return "it sets variables for what it runs";
    // On the operator's own machine the program removes nothing.
    if (isSet(text) && (type === localCommandType || !isOwnRemoval(text)))
      return "it runs something else than the program's own when it is deleted";
    if (isSet(connection) && !isSealed(connection)) return "its connection is not sealed";
  }
  return undefined;
}

/** As Pulumi writes a secret. */
function isSealed(value: unknown): boolean {
  if (!isRecord(value) || value[signatureKey] !== secretSignature) return false;
  return typeof value["ciphertext"] === "string" && !("plaintext" in value);
}

/** A bucket's deletion fails while something is in it, unless this is set; the program never sets it. */
function whyForeignContent({ inputs, outputs }: StateResource): string | undefined {
  const isForced = [inputs, outputs].some((held) => (held?.["forceDestroy"] ?? false) !== false);
  return isForced ? "its deletion would take everything in it" : undefined;
}

const removals: readonly unknown[] = Object.values(removalCommands);

function isOwnRemoval(text: unknown): boolean {
  return removals.includes(text) || (typeof text === "string" && (isRemovalCommand(text) || isArchivesRemoval(text)));
}

function isSet<Value>(value: Value): value is NonNullable<Value> {
  return value !== undefined && value !== null && value !== "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parts that a message names. */
const shown = 10;

/** A part for people. What is in a state may be anything: nothing of it reaches a terminal unprintable. */
export function foreignLine({ urn, why }: ForeignPart): string {
  return `${urn}: ${why}`.replace(/[^ -~]/gu, "?");
}

/** How it is told that a state is not used because of them. @param where they stand, such as `the state of prod` */
export function foreignText(parts: readonly ForeignPart[], where: string): string {
  const count = parts.length === 1 ? "a part" : `${String(parts.length)} parts`;
  const told = parts.slice(0, shown).map(foreignLine);
  const more = parts.length > shown ? [`and ${String(parts.length - shown)} more`] : [];
  return `${where} holds ${count} that the program never makes: ${[...told, ...more].join("; ")}`;
}

/** What somebody can do about them. @param instead what to use in place of the state */
export function foreignAdvice(instead: string): string {
  const consent = `what a program of your own makes, and once what has an address or a name that you have changed in the settings, is named in ${foreignVariable}`;
  return `somebody else may have written them; ${instead}; ${consent} (URNs, with commas between them)`;
}
