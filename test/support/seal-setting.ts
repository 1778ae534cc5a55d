/**
 * Puts a secret into a settings file, encrypted, for what may not import the project's own code:
 *
 *     node --import tsx test/support/seal-setting.ts FILE KEY PASSPHRASE-FILE < SECRET
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { createSecretBox, openSecretBox } from "../../scripts/project/passphrase";
import { setSettings } from "../../scripts/project/set-settings";

const salted = z.object({ encryptionsalt: z.string().optional() });

async function main([file, key, passphraseFile]: readonly string[]): Promise<void> {
  if (file === undefined || key === undefined || passphraseFile === undefined) {
    throw new Error("seal-setting FILE KEY PASSPHRASE-FILE < SECRET");
  }
  const text = readFileSync(file, "utf8");
  const passphrase = readFileSync(passphraseFile, "utf8").trim();
  const { encryptionsalt } = salted.parse(parse(text));
  const box =
    encryptionsalt === undefined ? await createSecretBox(passphrase) : await openSecretBox(encryptionsalt, passphrase);
  const secure = box.seal(readFileSync(0, "utf8").trim());
  const salt = encryptionsalt === undefined ? box.salt : undefined;
  writeFileSync(file, setSettings(text, { config: { [key]: { secure } }, salt }));
}

main(process.argv.slice(2)).catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
  process.exitCode = 1;
});
