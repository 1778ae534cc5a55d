import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { createSecretBox, openSecretBox } from "../../scripts/project/passphrase";
import { setSettings, type SettingValue } from "../../scripts/project/set-settings";

const salted = z.object({ encryptionsalt: z.string().optional() });

/** Puts settings into a file: secrets sealed with the passphrase that a file holds, the others as they are. */
export async function sealSettings(
  file: string,
  passphraseFile: string,
  secrets: Readonly<Record<string, string>>,
  open: Readonly<Record<string, SettingValue>> = {},
): Promise<void> {
  const text = readFileSync(file, "utf8");
  const passphrase = readFileSync(passphraseFile, "utf8").trim();
  const { encryptionsalt } = salted.parse(parse(text));
  const box =
    encryptionsalt === undefined ? await createSecretBox(passphrase) : await openSecretBox(encryptionsalt, passphrase);
  const sealed = Object.entries(secrets).map(([key, secret]) => [key, { secure: box.seal(secret) }] as const);
  const salt = encryptionsalt === undefined ? box.salt : undefined;
  writeFileSync(file, setSettings(text, { config: { ...Object.fromEntries(sealed), ...open }, salt }));
}
