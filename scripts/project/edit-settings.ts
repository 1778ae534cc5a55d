import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import { parseSettings } from "../../site/settings/parse-settings";
import { formatProblems } from "../../site/settings/problem";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { writeDurably } from "../machine/durable-file";
import type { LoadedEnvironment } from "./environment";
import type { GuestBlock } from "./guest-block";
import { insertGuests } from "./insert-guests";
import type { SecretBox } from "./passphrase";
import { parseStackText } from "./pulumi-project";
import { Redactor } from "../terminal/redactor";
import { Secrets } from "./secrets";
import { type NewSettings, setSettings } from "./set-settings";
import { readText } from "./yaml-file";
import { InsertError } from "./yaml-places";

/** A settings file as it is and as it will be. */
export interface SettingsEdit {
  readonly environment: string;
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/**
 * What a settings file is with more guests in it. Nothing is written.
 *
 * @throws CommandError (2) when the file has not a form that can be edited, or when the settings would not be right.
 */
export function proposeGuests({ name, file }: LoadedEnvironment, guests: readonly GuestBlock[]): SettingsEdit {
  const before = readText(file);
  const after = inserted(before, file, guests);
  const secrets = new Secrets(parseStackText(after, file), name, {}, new Redactor());
  const parsed = parseSettings(secrets.sealedSettings(), { environment: name });
  if (parsed.ok) return { environment: name, file, before, after };
  throw new CommandError(`${formatProblems(parsed.problems, name)}\nif these guests were added to it`, {
    exitCode: exitCodes.usage,
    complete: true,
    hint: byHand(file, guests),
    details: { environment: name, problems: parsed.problems },
  });
}

/**
 * What a settings file is with these settings in it. Nothing is written.
 *
 * @throws CommandError (2) when the file has not a form that can be edited.
 */
export function proposeSettings({ name, file }: LoadedEnvironment, settings: NewSettings): SettingsEdit {
  const before = readText(file);
  try {
    return { environment: name, file, before, after: setSettings(before, settings) };
  } catch (error) {
    if (!(error instanceof InsertError)) throw error;
    const keys = Object.keys(settings.config).join(" and ");
    throw usageError(
      `${basename(file)} cannot be edited: ${error.message}`,
      `make room for ${keys} in it: edit ${file}`,
    );
  }
}

/**
 * Writes settings with secrets into the file. One that had none yet gets the salt by which they are opened.
 *
 * @param config by its keys, with what {@link SecretBox.seal} made of secrets
 * @throws CommandError as {@link proposeSettings} and {@link writeEdit} do
 */
export function writeSealed(
  environment: LoadedEnvironment,
  { salt }: Pick<SecretBox, "salt">,
  config: NewSettings["config"],
): void {
  const isNew = environment.encryptionSalt() === undefined;
  writeEdit(proposeSettings(environment, { config, ...(isNew ? { salt } : {}) }));
}

/**
 * Replaces the file at once, with the permissions that it has; a link goes on pointing to it.
 *
 * @throws CommandError (13) when somebody has changed the file in the meantime.
 */
export function writeEdit({ file, before, after }: SettingsEdit): void {
  const target = realpathSync(file);
  if (readText(target) !== before) {
    throw new CommandError(`${basename(file)} was changed in the meantime; nothing was written to it`, {
      exitCode: exitCodes.refused,
      hint: "run the same command again",
    });
  }
  writeDurably(target, after, statSync(target).mode & 0o7777);
}

function inserted(before: string, file: string, guests: readonly GuestBlock[]): string {
  try {
    return insertGuests(before, guests);
  } catch (error) {
    if (!(error instanceof InsertError)) throw error;
    throw usageError(`${basename(file)} cannot be edited: ${error.message}`, byHand(file, guests));
  }
}

function byHand(file: string, guests: readonly GuestBlock[]): string {
  const lines = guests.flatMap(({ lines }) => lines.map(({ depth, text }) => "    " + "  ".repeat(depth) + text));
  return [`write by hand what is right, below lifeboat:guests in ${file}:`, ...lines].join("\n");
}
