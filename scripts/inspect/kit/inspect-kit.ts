import { resolve } from "node:path";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import { CommandError, usageError } from "../../terminal/command-error";
import { type DocumentFormat, printDocument } from "../../terminal/document/formats";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { buildKit, type KitRequest } from "./build-kit";
import { clearSecrets } from "./clear-secrets";
import { canCarryProgram, type KitFiles, readKitFiles } from "../kit-record/kit-files";
import { readStackProgram } from "../kit-record/stack-program";
import { type KitContents, kitPage } from "./kit-page";
import { kitEnvironment, type KitRecord } from "../kit-record/kit-record";
import type { kitShape, writtenKitShape } from "./shape";
import { kitText, type KitTarget, targetOf, writeKit } from "./write-kit";

/** The page on stdout. Secrets are never printed. */
export async function inspectKit(
  site: Site,
  { format, program }: { readonly format: DocumentFormat; readonly program: boolean },
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof kitShape>>> {
  const files = readKitFiles(site);
  refuseClear(site, files);
  const stacks = program ? await readStackProgram(site.project, context) : undefined;
  const kit = buildKit(site, { files, stacks }, { program, secrets: false }, context);
  return {
    value: { ...valueOf(kit), text: kitText(kit, format, context.io) },
    print: (lines) => printDocument(kitPage(kit), format, lines),
    exitCode: exitCodes.done,
    remark: (talk) => remarks(kit).forEach((words) => talk.warning(words)),
  };
}

export interface WriteRequest extends KitRequest {
  /** Undefined: the one of the settings. */
  readonly file: string | undefined;
  readonly recipients: readonly string[];
  readonly force: boolean;
}

/** The page in a file. @throws CommandError (2), (13) for secrets that would not be encrypted, or a file that is in the way */
export async function writeKitFile(
  site: Site,
  request: WriteRequest,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof writtenKitShape>>> {
  const target = chooseTarget(site, request, context);
  if (request.secrets && !target.isEncrypted) {
    throw new CommandError("secrets are put into an encrypted file only", {
      exitCode: exitCodes.refused,
      hint: `name it ${target.file}.age and whom it is for: --recipient age1…`,
    });
  }
  const files = readKitFiles(site);
  if (!target.isEncrypted) refuseClear(site, files);
  const stacks = request.program ? await readStackProgram(site.project, context) : undefined;
  const kit = buildKit(site, { files, stacks }, request, context);
  return written(kit, target, await writeKit(kit, target, context.io, request.force));
}

/** Where `lifeboat up` keeps it; undefined where the settings name no place. @throws CommandError */
export async function refreshKit(site: Site, context: CommandContext): Promise<string | undefined> {
  const environment = kitEnvironment(site);
  if (environment?.settings.kit?.file === undefined) return undefined;
  const request = { file: undefined, recipients: [], force: false, program: canCarryProgram(context), secrets: false };
  return (await writeKitFile(site, request, context)).value.file;
}

function chooseTarget(site: Site, { file, recipients }: WriteRequest, { io }: CommandContext): KitTarget {
  if (file !== undefined) {
    const others = kitEnvironment(site)?.settings.kit?.recipients ?? [];
    const isEncrypted = file.endsWith(".age");
    return targetOf(resolve(io.workingDirectory, file), recipients.length > 0 || !isEncrypted ? recipients : others);
  }
  const environment = kitEnvironment(site);
  const kit = environment?.settings.kit;
  if (environment === undefined || kit?.file === undefined) {
    throw usageError(
      "the settings name no break-glass file",
      "write file: kit.html into lifeboat:kit, or name one with --out",
    );
  }
  return targetOf(environment.path(kit.file), recipients.length > 0 ? recipients : kit.recipients);
}

/** The settings are in it as they are. @throws CommandError (13) */
function refuseClear(site: Site, files: KitFiles): void {
  const clear = clearSecrets(site.project, files);
  if (clear.length === 0) return;
  throw new CommandError(`what goes into it holds secrets that are not encrypted: ${clear.join(", ")}`, {
    exitCode: exitCodes.refused,
    hint: "encrypt them with pulumi config set --secret; or encrypt the kit: --out kit.html.age --recipient age1…",
  });
}

function written(
  kit: KitContents,
  { file, isEncrypted }: KitTarget,
  { file: sha256, secrets }: KitRecord,
): Inspection<ValueOf<typeof writtenKitShape>> {
  return {
    value: { ...valueOf(kit), file, sha256, encrypted: isEncrypted, program: kit.archive.hasProgram, secrets },
    print: (lines) => {
      lines.line(`written  ${file}`);
      lines.line(`sha256   ${sha256}`);
    },
    exitCode: exitCodes.done,
    remark: (talk) => {
      for (const words of remarks(kit)) talk.warning(words);
      talk.hint("keep it where the site cannot take it along: printed, and on a stick in another building");
    },
  };
}

function valueOf(kit: KitContents): Omit<ValueOf<typeof kitShape>, "text"> {
  const { madeAt, files, environments, unusable, secrets, archive } = kit;
  const { stacks } = archive;
  return {
    exitCode: exitCodes.done,
    madeAt,
    site: files.digest,
    environments: environments.map(({ name }) => name),
    notInIt: [
      ...unusable,
      ...files.missing.map((file) => `${file} could not be read`),
      ...(stacks !== undefined && "why" in stacks ? [stacks.why] : []),
    ],
    unkept: secrets.filter(({ kept }) => kept === undefined).map(({ name }) => name),
  };
}

function remarks(kit: KitContents): string[] {
  const { notInIt, unkept } = valueOf(kit);
  return [
    ...notInIt.map((words) => `not in it: ${words}`),
    ...(unkept.length === 0 ? [] : [`the settings do not say where a copy is kept of: ${unkept.join(", ")}`]),
  ];
}
