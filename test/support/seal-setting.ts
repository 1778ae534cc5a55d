/**
 * Puts a secret into a settings file, encrypted, for what may not import the project's own code:
 *
 *     node scripts/run.cjs test/support/seal-setting.ts FILE KEY PASSPHRASE-FILE < SECRET
 */
import { readFileSync } from "node:fs";
import { sealSettings } from "./sealed-settings";

async function main([file, key, passphraseFile]: readonly string[]): Promise<void> {
  if (file === undefined || key === undefined || passphraseFile === undefined) {
    throw new Error("seal-setting FILE KEY PASSPHRASE-FILE < SECRET");
  }
  await sealSettings(file, passphraseFile, { [key]: readFileSync(0, "utf8").trim() });
}

main(process.argv.slice(2)).catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
  process.exitCode = 1;
});
