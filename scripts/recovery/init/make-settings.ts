import { basename, join, relative, resolve } from "node:path";
import { parseEndpoint, endpointFormat } from "../../../site/settings/values/endpoints";
import { passphraseSource, tokenSource } from "../../../site/settings/credentials";
import type { CommandContext } from "../../project/context";
import { createSecretBox } from "../../project/passphrase";
import { readPassphrase } from "../../project/passphrase-source";
import { setSettings } from "../../project/set-settings";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Access, chooseToken, requireRights, scopeWith, type SetupLines } from "./access";
import { chooseNode, chooseStorage, requireYes, settleRights } from "./choices";
import { requireAddressAndToken, requireTheRest } from "./missing";
import { choosePassphrase, type ChosenPassphrase, makePassphrase } from "./passphrase";
import type { InitPlace } from "./place";
import { answered, type InitRequest } from "./request";
import { settingsText } from "./settings-text";
import { type ChosenTrust, chooseTrust } from "./trust";
import { type NewFile, writeNew, writeProject } from "./write";

/** Settings that are there now, and how this run goes on. */
export interface MadeSettings {
  /** The settings file. */
  readonly file: string;
  /** Folder of the project. */
  readonly folder: string;
  /** Absolute paths of all files that were made, in their order. */
  readonly written: readonly string[];
  /** What the shell is to get, and does not have yet: the passphrase's file. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Settings that an earlier run has made, or somebody. They stay as they are.
 *
 * @throws CommandError (13) where flags say what they are to be
 */
export function presentSettings(
  { file, folder }: InitPlace,
  request: InitRequest,
  { io, talk }: Pick<CommandContext, "io" | "talk">,
): MadeSettings {
  const { endpoint, ca, fingerprint, node, tokenFile, storage, passphraseFile } = request;
  const given = Object.entries({ endpoint, ca, fingerprint, node, tokenFile, storage });
  const [flag] = given.flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (flag !== undefined) {
    throw new CommandError(`${file} is there already, and is never written over`, {
      exitCode: exitCodes.refused,
      hint: `edit it, or give the environment another name; without further flags lifeboat init ${request.environment} goes on with it`,
    });
  }
  talk.line(`${file} is there, and stays as it is.`);
  const path = passphraseFile === undefined ? undefined : resolve(io.workingDirectory, passphraseFile);
  return { file, folder, written: [], variables: path === undefined ? {} : { [passphraseSource.fileVariable]: path } };
}

/** Everything that was answered, and the node has accepted. */
interface Answers {
  readonly endpoint: string;
  readonly trust: ChosenTrust;
  readonly access: Access;
  readonly node: string;
  readonly storage: string;
  readonly passphrase: ChosenPassphrase;
}

/**
 * Asks for what flags do not say, tries each answer on the node, shows what is to be written, and writes it. Until then there is
 * nothing: whoever stops on the way has changed nothing, on the node neither.
 *
 * @throws CommandError (2, 12, 13, 14)
 */
export async function makeSettings(
  place: InitPlace,
  request: InitRequest,
  lines: SetupLines,
  context: CommandContext,
): Promise<MadeSettings> {
  const answers = await askAll(request, lines, context);
  const text = settingsText({
    ...answers,
    environment: request.environment,
    trust: trustSettings(answers.trust, place, request.environment),
  });
  show(place, text, answers, context);
  await requireYes(`Write ${basename(place.file)}?`, request.force, context);
  return write(place, text, answers, { request, context });
}

async function askAll(request: InitRequest, lines: SetupLines, context: CommandContext): Promise<Answers> {
  const { prompts } = context;
  requireAddressAndToken(request, lines, context);
  const { endpoint, trust } = await answered(
    request.endpoint,
    (asked) => prompts.ask(asked),
    { text: "Address of a node (of a cluster, any), as 192.0.2.11?", flag: "--endpoint" },
    async (text) => {
      const found = endpointOf(text);
      return { endpoint: found, trust: await chooseTrust(found, request, context) };
    },
    context,
  );
  const access = await chooseToken({ endpoint, trust }, request, lines, context);
  const { client } = access;
  await requireRights(client, scopeWith([]), lines);
  await requireTheRest(client, request, context);
  const node = await chooseNode(client, request, context);
  const storage = await chooseStorage(client, node, request, context);
  await settleRights(client, storage, lines, context);
  return { endpoint, trust, access, node, storage, passphrase: await choosePassphrase(request, context) };
}

/** People leave out what is always the same. @throws CommandError (2) */
function endpointOf(text: string): string {
  const full = /^[a-z]+:\/\//iu.test(text) ? text : `https://${text}`;
  const endpoint = parseEndpoint(/:\d+\/?$/u.test(full) ? full : `${full.replace(/\/$/u, "")}:8006`);
  if (endpoint === undefined) throw usageError(`'${text}' is no address of a node`, endpointFormat);
  return endpoint;
}

/** A CA from elsewhere comes along: the settings are to be whole on another machine, too. */
function trustSettings(
  trust: ChosenTrust,
  place: InitPlace,
  environment: string,
): { ca?: string; fingerprint?: string } {
  if (trust.kind === "system") return {};
  if (trust.kind === "fingerprint") return { fingerprint: trust.sha256 };
  return { ca: authorityFile(trust.path, place, environment) };
}

/** Path of the authority's file, from the project's folder. */
function authorityFile(path: string, { folder }: InitPlace, environment: string): string {
  const inside = relative(folder, path);
  return inside.startsWith("..") ? `${environment}-ca.pem` : inside;
}

function show(
  { file, project }: InitPlace,
  text: string,
  { access, passphrase }: Answers,
  context: CommandContext,
): void {
  const { talk } = context;
  talk.paragraph(`To be written into ${file}:`);
  talk.line();
  talk.text(text.trimEnd(), "  ");
  if (access.variable === undefined) talk.line(`    lifeboat:${tokenSource.setting}: the token, encrypted`);
  talk.line();
  if (project === undefined && !passphrase.isNew) return;
  talk.line("And beside it:");
  if (project !== undefined) {
    talk.hanging("  ", `${project.file}: a new project, with a link to the program in ${project.target}`);
  }
  if (passphrase.isNew && passphrase.file !== undefined) talk.hanging("  ", `${passphrase.file}: a new passphrase`);
}

/** The settings come last: with them it is done, and without them the same command begins again. */
async function write(
  place: InitPlace,
  text: string,
  { trust, access, passphrase }: Answers,
  { request, context }: { readonly request: InitRequest; readonly context: CommandContext },
): Promise<MadeSettings> {
  context.signal.throwIfAborted();
  makePassphrase(passphrase);
  const { file, project } = place;
  const sealed =
    access.variable === undefined ? await withToken(text, access.token, passphrase, { request, context }) : text;
  if (project !== undefined) writeProject(project);
  const authority = authorityCopy(trust, place, request.environment);
  for (const one of [...authority, { path: file, text: sealed }]) writeNew(one);
  return {
    file,
    folder: place.folder,
    variables: passphrase.variables,
    written: [
      ...(passphrase.isNew && passphrase.file !== undefined ? [passphrase.file] : []),
      ...(project === undefined ? [] : [project.file]),
      ...authority.map(({ path }) => path),
      file,
    ],
  };
}

function authorityCopy(trust: ChosenTrust, place: InitPlace, environment: string): NewFile[] {
  if (trust.kind !== "ca") return [];
  const path = join(place.folder, authorityFile(trust.path, place, environment));
  return path === trust.path ? [] : [{ path, text: trust.pem }];
}

/** @throws CommandError (12) */
async function withToken(
  text: string,
  token: string,
  { variables }: ChosenPassphrase,
  { request, context }: { readonly request: InitRequest; readonly context: CommandContext },
): Promise<string> {
  const found = readPassphrase(request.environment, { ...context.io.environment, ...variables });
  if (found.kind !== "given")
    throw usageError("the passphrase cannot be read", "name its file: --passphrase-file FILE");
  const { salt, seal } = await createSecretBox(context.redactor.remember(found.passphrase));
  return setSettings(text, { config: { [`lifeboat:${tokenSource.setting}`]: { secure: seal(token) } }, salt });
}
