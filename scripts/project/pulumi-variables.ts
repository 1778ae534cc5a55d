import { pulumiLine } from "../../site/plain-pulumi";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { readCertificate } from "../../proxmox/api/certificate";
import { misleadingVariables } from "../../site/provider-variables";
import { componentKinds, resourceTypes, urnOf } from "../../site/resources";
import {
  otherPassphrase,
  ownVariables,
  passphraseMark,
  passphraseSource,
  shellCredential,
  tokenSource,
} from "../../site/settings/credentials";
import type { OwnedGuest } from "../../site/settings/environment";
import { ownAddresses } from "../../site/state/own-addresses";
import type { LoadedEnvironment } from "./environment";
import { makePrivateFolder, writeDurably } from "../machine/durable-file";
import { checkPrivateFolder } from "../machine/private-folder";
import { siteFolderName, stateHome } from "../machine/state-home";
import { type Backend, backendOf } from "./backend";
import { CommandError } from "../terminal/command-error";
import { readyForPulumi, stateMarkAt } from "./state-backend";
import { grantStoreAccess, type StoreAccess } from "./store-access";
import { storeTrouble } from "./store-health";
import {
  type Comparison,
  type ComparisonOptions,
  comparePulumi,
  previewPulumi,
  type Refresh,
  refreshPulumi,
} from "../clients/pulumi-cli/compare-pulumi";
import { pulumiRestraints } from "../clients/child-environment";
import type { ReadPreview } from "../clients/pulumi-cli/preview";

type Variables = Readonly<Record<string, string | undefined>>;

/** What plain `pulumi` needs to work on one environment. */
export interface PulumiVariables {
  /** To export, in this order. No value is a secret. */
  exports: Readonly<Record<string, string>>;
  backend: Backend;
  /** What is missing or worth knowing, one sentence each. */
  notes: string[];
}

/** Folders in which Go looks for certificate authorities on its own; `SSL_CERT_DIR` replaces that list. */
const systemTrust = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/**
 * Works out the variables, and makes what they name: the folder of a backend on this machine, the file with the key to the
 * state store, and a folder with the certificate authorities of the node and of the store (the Proxmox provider has no
 * option for it, Go reads every file in `SSL_CERT_DIR`).
 *
 * @throws CommandError (2), ProxmoxError when a pinned certificate cannot be fetched.
 */
export async function pulumiVariables(environment: LoadedEnvironment, given: Variables): Promise<PulumiVariables> {
  const variables = ownVariables(environment.name, given);
  const backend = backendOf(environment, variables);
  if (backend.folder !== undefined) mkdirSync(backend.folder, { recursive: true, mode: 0o700 });
  readyForPulumi(backend.url, variables);
  const trust = await trustFolder(environment, variables);
  const folders = certificateFolders(trust.folder, variables);
  const access = await storeAccess(environment, variables);
  const notes = [
    ...passphraseNotes(environment.name, given),
    ...tokenNotes(environment, variables),
    ...trust.notes,
    ...access.notes,
  ];
  const exports = {
    PULUMI_BACKEND_URL: backend.url,
    ...passphraseFile(environment.name, given),
    ...tokenFile(environment.name, given),
    ...(folders === undefined ? {} : { SSL_CERT_DIR: folders }),
    ...access.exports,
    // Without it `pulumi` waits for an answer from the internet that a closed network never gives.
    PULUMI_SKIP_UPDATE_CHECK: "1",
    // Where the server has no checksum for an object, the SDK would warn of it at every command, and does no more.
    AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
    ...pulumiRestraints,
    // Plain `pulumi` hands them on to the plugins, which take an empty one for none.
    ...Object.fromEntries(misleadingVariables(given).map((name) => [name, ""])),
  };
  return { exports, backend, notes };
}

/** Where `pulumi` works on an environment, and with which variables. */
export type PulumiPlace = Pick<ComparisonOptions, "folder" | "project" | "stack" | "addresses" | "variables"> & {
  readonly stateMark: (signal: AbortSignal) => Promise<string | undefined>;
};

/** The place of an environment with all that {@link pulumiVariables} exports, and no variable of another. @throws the same */
export async function pulumiPlace(
  environment: LoadedEnvironment,
  given: Variables,
): Promise<{ readonly place: PulumiPlace; readonly backend: Backend }> {
  const { exports, backend } = await pulumiVariables(environment, given);
  const { name, project, settings } = environment;
  const place = {
    folder: project.folder,
    project: project.name,
    stack: name,
    addresses: ownAddresses(settings),
    variables: { ...ownVariables(name, given), ...exports },
    stateMark: (signal: AbortSignal) => stateMarkAt(backend.url, environment, given, signal),
  };
  return { place, backend };
}

/** {@link comparePulumi} for an environment, with everything that `pulumi` needs. */
export async function compareEnvironment(
  environment: LoadedEnvironment,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Comparison> {
  const options = await optionsFor(environment, variables, signal);
  const command = pulumiLine(environment.name, "preview --refresh");
  return "why" in options ? { compared: false, why: options.why, command } : comparePulumi(options);
}

/** {@link previewPulumi} for an environment, with everything that `pulumi` needs. */
export async function previewEnvironment(
  environment: LoadedEnvironment,
  variables: Variables,
  { signal, ...rest }: { refresh: boolean; timeout: number; signal: AbortSignal },
): Promise<ReadPreview> {
  const options = await optionsFor(environment, variables, signal);
  if ("why" in options) return { differences: [], same: 0, warnings: [], failure: options.why };
  return previewPulumi({ ...options, ...rest });
}

/** {@link refreshPulumi} for a container that the program makes. */
export async function refreshGuest(
  environment: LoadedEnvironment,
  { kind, name }: Pick<OwnedGuest, "kind" | "name">,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Refresh> {
  const { component, child } = componentKinds[kind];
  const types = [component, resourceTypes[kind]];
  const urn = urnOf({ project: environment.project.name, stack: environment.name, types, name: child(name) });
  const options = await optionsFor(environment, variables, signal);
  const command = pulumiLine(environment.name, "refresh");
  return "why" in options ? { refreshed: false, why: options.why, command } : refreshPulumi(options, urn);
}

async function optionsFor(
  environment: LoadedEnvironment,
  variables: Variables,
  signal: AbortSignal | undefined,
): Promise<ComparisonOptions | { why: string }> {
  try {
    const { place, backend } = await pulumiPlace(environment, variables);
    const store = backend.origin === "state store" ? environment.stateStore() : undefined;
    // `pulumi` would try for long, and then say it in words of its libraries.
    const trouble = store && (await storeTrouble(store, signal));
    if (trouble !== undefined) return { why: trouble };
    return { ...place, ...(signal === undefined ? {} : { signal }) };
  } catch (error) {
    if (error instanceof CommandError) return { why: error.message };
    throw error;
  }
}

/** The key to the state store, also while the state itself is elsewhere: the program may need it, or a later command. */
async function storeAccess(environment: LoadedEnvironment, variables: Variables): Promise<StoreAccess> {
  const store = environment.stateStore();
  if (store === undefined) return { exports: {}, notes: [] };
  return grantStoreAccess(environment, store, stateFolder(environment, variables), variables);
}

/** @throws UnsafePath where others may have put something there. */
function stateFolder({ name, settings }: LoadedEnvironment, variables: Variables): string {
  const home = stateHome(variables);
  const folder = join(home, siteFolderName(name, settings.proxmox.endpoint));
  for (const path of [home, folder]) checkPrivateFolder(path);
  return folder;
}

/**
 * The variable that names the token's file, absolute. The program knows one that names its environment; under the general name it
 * would go to the node of whatever is worked on next in the same shell.
 */
function tokenFile(environment: string, given: Variables): Record<string, string> {
  const token = shellCredential(tokenSource, environment, given);
  return token?.kind === "file" ? { [token.variable]: resolve(token.path) } : {};
}

/**
 * The variable that names the passphrase's file, absolute, since `pulumi` may run in another folder. Pulumi knows the general name
 * only: a file of this environment gets a mark beside it, and one with the mark of another is taken out.
 */
function passphraseFile(environment: string, given: Variables): Record<string, string> {
  const { fileVariable } = passphraseSource;
  const found = shellCredential(passphraseSource, environment, given);
  if (found?.kind !== "file") {
    const isOther = otherPassphrase(environment, given) !== undefined;
    return isOther ? { [fileVariable]: "", [passphraseMark]: "" } : {};
  }
  const path = resolve(found.path);
  const isForAll = found.variable === fileVariable || (given[fileVariable] === path && !given[passphraseMark]);
  return { [fileVariable]: path, ...(isForAll ? {} : { [passphraseMark]: `${environment}:${path}` }) };
}

function passphraseNotes(environment: string, variables: Variables): string[] {
  const { variable, fileVariable } = passphraseSource;
  const given = shellCredential(passphraseSource, environment, variables);
  const other = otherPassphrase(environment, variables);
  if (given === undefined && other !== undefined) {
    return [
      `the passphrase file that lifeboat env ${other} has exported is of ${other} alone: export ${fileVariable}=FILE`,
    ];
  }
  if (given === undefined) {
    return variables[variable] === undefined
      ? [`no passphrase is set: export ${fileVariable}=FILE before you use pulumi`]
      : [];
  }
  if (given.kind === "value") return [`the passphrase stays in ${given.variable}; it is not printed`];
  const hasOther = given.variable !== fileVariable && variables[variable] !== undefined;
  return hasOther ? [`pulumi itself would take ${variable} before the file of ${environment}: unset it`] : [];
}

function tokenNotes(environment: LoadedEnvironment, variables: Variables): string[] {
  const { fileVariable, setting } = tokenSource;
  const given = shellCredential(tokenSource, environment.name, variables);
  if (given?.kind === "value") return [`the token stays in ${given.variable}; it is not printed`];
  if (given?.kind === "file" || environment.holds(setting)) return [];
  return [`no API token is set: export ${fileVariable}=FILE, or set the secret lifeboat:${setting}`];
}

interface TrustFolder {
  /** Undefined where the system's own list is used. */
  folder: string | undefined;
  notes: string[];
}

async function trustFolder(environment: LoadedEnvironment, variables: Variables): Promise<TrustFolder> {
  const folder = join(stateFolder(environment, variables), "trust");
  const { pem, note } = await nodesCertificate(environment);
  const wanted = { "state-store.pem": environment.stateStore()?.authority, "site.pem": pem };
  for (const [name, text] of Object.entries(wanted)) {
    if (text !== undefined) writeCertificate(folder, name, text);
    // Go would go on to trust what the settings name no longer.
    else rmSync(join(folder, name), { force: true });
  }
  const isEmpty = Object.values(wanted).every((text) => text === undefined);
  return { folder: isEmpty ? undefined : folder, notes: note === undefined ? [] : [note] };
}

/** What vouches for the node besides the system's authorities. */
async function nodesCertificate(environment: LoadedEnvironment): Promise<{ pem?: string; note?: string }> {
  const { endpoint } = environment.settings.proxmox;
  const trust = environment.trust();
  if (trust.kind === "system") return {};
  if (trust.kind === "ca") return { pem: trust.pem };
  const { pem, namesEndpoint } = await readCertificate(endpoint, trust);
  const other = `the certificate of ${endpoint} was issued for another name: pulumi will refuse it`;
  return namesEndpoint ? { pem } : { pem, note: other };
}

/** Whoever reads the folder sees the old file or the new one. */
function writeCertificate(folder: string, name: string, pem: string): void {
  makePrivateFolder(folder);
  writeDurably(join(folder, name), pem);
}

/**
 * The environment's folder first, then what is already set, else the system's. Running it twice changes nothing; the folder of
 * another environment, for which `lifeboat env` was run before in the same shell, is left out: its authorities are others.
 *
 * @returns undefined where nothing is to be exported
 */
function certificateFolders(folder: string | undefined, variables: Variables): string | undefined {
  const { SSL_CERT_DIR: present = "" } = variables;
  const given = present.split(":").filter((path) => path !== "");
  const foreign = given.filter((path) => basename(path) === "trust" && path.startsWith(`${stateHome(variables)}/`));
  if (folder === undefined && foreign.length === 0) return undefined;
  const kept = given.filter((path) => !foreign.includes(path));
  const others = kept.length === 0 ? systemTrust.filter((path) => existsSync(path)) : kept;
  return [...new Set([...(folder === undefined ? [] : [folder]), ...others])].join(":");
}
