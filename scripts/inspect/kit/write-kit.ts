import { existsSync, readFileSync } from "node:fs";
import { sealedFor } from "../../clients/age-file";
import { FileRefused, writeDurably } from "../../machine/durable-file";
import { type DocumentFormat, printDocument } from "../../terminal/document/formats";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { InputOutput } from "../../terminal/input-output";
import { Redactor } from "../../terminal/redactor";
import { Lines } from "../../terminal/talk";
import { kitFilePattern } from "../../../site/settings/kit-schema";
import { type KitContents, kitPage } from "./kit-page";
import { fileDigest, type KitRecord, readRecord, recordPath } from "../kit-record/kit-record";

export interface KitTarget {
  /** Absolute path. */
  readonly file: string;
  /** Public keys of age. */
  readonly recipients: readonly string[];
  readonly form: DocumentFormat;
  readonly isEncrypted: boolean;
}

/** What a file's name says of it. @throws CommandError (2) for a name that says nothing, and for keys that do not go with it */
export function targetOf(file: string, recipients: readonly string[]): KitTarget {
  const [, ending, encrypted] = kitFilePattern.exec(file) ?? [];
  const form = ({ txt: "text", md: "markdown", html: "html" } as const)[ending ?? ""];
  if (form === undefined)
    throw usageError(`'${file}' does not say of what form it is`, "end its name with .txt, .md or .html");
  const isEncrypted = encrypted !== undefined;
  if (isEncrypted && recipients.length === 0) {
    throw usageError(`'${file}' is to be encrypted, and for nobody`, "name a key: --recipient age1…");
  }
  if (!isEncrypted && recipients.length > 0) {
    throw usageError(`'${file}' is for a recipient, and would not be encrypted`, `name it ${file}.age`);
  }
  return { file, recipients, form, isEncrypted };
}

/** The page as text that nothing was taken out of. */
export function kitText(kit: KitContents, form: DocumentFormat, io: InputOutput): string {
  let page = "";
  const plain = { ...io, environment: { NO_COLOR: "1" }, isTerminal: { input: false, output: false, error: false } };
  printDocument(kitPage(kit), form, new Lines((words) => void (page += words), plain, "output", new Redactor()));
  return page;
}

/**
 * Writes the file, and beside it what it was made of, so that its age can be told without opening it.
 *
 * @throws CommandError (13) where somebody else's file is in the way, (1) where it cannot be written
 */
export async function writeKit(
  kit: KitContents,
  { file, recipients, form, isEncrypted }: KitTarget,
  io: InputOutput,
  force: boolean,
): Promise<KitRecord> {
  const hasSecrets = kit.opened.length > 0;
  if (!force) requireOwn(file, hasSecrets);
  const page = kitText(kit, form, io);
  const content = isEncrypted ? await sealedFor(recipients, page) : page;
  const record = {
    site: kit.files.digest,
    file: fileDigest(Buffer.from(content)),
    madeAt: kit.madeAt,
    secrets: hasSecrets,
  };
  try {
    writeDurably(file, content);
    writeDurably(recordPath(file), `${JSON.stringify(record)}\n`);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    const hint = "make room there or allow it, or name another file; then the same command again";
    throw new CommandError(error.message, { exitCode: exitCodes.failed, hint });
  }
  return record;
}

/** A file that no kit has written is somebody's; one with secrets is not replaced by one without. */
function requireOwn(file: string, hasSecrets: boolean): void {
  if (!existsSync(file)) return;
  const record = readRecord(file);
  const refuse = (why: string, hint: string): CommandError =>
    new CommandError(`${file} ${why}`, { exitCode: exitCodes.refused, hint });
  if (record?.file !== fileDigest(readFileSync(file))) {
    throw refuse("is there, and no kit has written it as it is", "name another file, or replace it with --force");
  }
  if (record.secrets && !hasSecrets) {
    throw refuse(
      "holds secrets, and the new one would not",
      "add --with-secrets, name another file, or replace it with --force",
    );
  }
}
