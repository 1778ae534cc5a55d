import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { passphraseSource } from "../../../site/settings/credentials";
import { createExclusively } from "../../machine/exclusive-file";
import { makePrivateFolder } from "../../machine/durable-file";
import { messageOf } from "../../machine/error-code";
import type { CommandContext } from "../../project/context";
import { readPassphrase } from "../../project/passphrase-source";
import { usageError } from "../../terminal/command-error";
import { answered, expandHome, type InitRequest } from "./request";

/** The passphrase of the settings' secrets, and of Pulumi's state. */
export interface ChosenPassphrase {
  /** Absolute path of its file; undefined: a variable holds the passphrase itself. */
  readonly file: string | undefined;
  /** The shell gives it already. */
  readonly isGiven: boolean;
  /** The file is not there yet. */
  readonly isNew: boolean;
  /** Variables with which this run goes on. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Where the passphrase is: what the shell gives, else a file that somebody names. Nothing is made yet. @throws CommandError (2) */
export async function choosePassphrase(request: InitRequest, context: CommandContext): Promise<ChosenPassphrase> {
  const { io, prompts, talk } = context;
  const found = readPassphrase(request.environment, io.environment);
  if (found.kind === "unreadable" && request.passphraseFile === undefined) {
    throw usageError(found.why, "put it there, unset the variable, or name another file with --passphrase-file");
  }
  if (found.kind === "given" && request.passphraseFile === undefined) {
    return { file: undefined, isGiven: true, isNew: false, variables: {} };
  }
  if (request.passphraseFile === undefined && prompts.canAsk) {
    talk.paragraph(
      "A passphrase encrypts the token in the settings, and secrets in Pulumi's state. It lies in a file that only you can read; one is made where there is none. Keep a copy elsewhere: without it nobody opens them.",
    );
  }
  const initial = usualPassphraseFile(io.environment);
  return answered(
    request.passphraseFile,
    (question) => prompts.ask(question, initial),
    { text: "File of the passphrase?", flag: `--passphrase-file ${initial}` },
    (text) => fileAt(resolve(io.workingDirectory, expandHome(text, io.environment))),
    context,
  );
}

/** @throws CommandError (2) */
function fileAt(file: string): ChosenPassphrase {
  const isNew = !existsSync(file);
  if (!isNew && textOf(file) === "") throw usageError(`${file} is empty`, "write a passphrase into it, or remove it");
  return { file, isGiven: false, isNew, variables: { [passphraseSource.fileVariable]: file } };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw usageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** Makes the file with a passphrase that nobody could guess, unless it is there meanwhile. */
export function makePassphrase({ file, isNew }: ChosenPassphrase): void {
  if (file === undefined || !isNew) return;
  makePrivateFolder(dirname(file));
  createExclusively(file, `${randomBytes(32).toString("base64url")}\n`);
}

/** Where the file is made for whoever names no other. */
export function usualPassphraseFile(variables: Readonly<Record<string, string | undefined>>): string {
  return join(configHome(variables), "lifeboat", "passphrase");
}

/** `$XDG_CONFIG_HOME`, `~/.config` by default. */
function configHome({ XDG_CONFIG_HOME: configured, HOME: home }: Readonly<Record<string, string | undefined>>): string {
  return configured !== undefined && isAbsolute(configured) ? configured : join(home ?? homedir(), ".config");
}
