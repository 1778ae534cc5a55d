import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryCommand } from "./command";
import { tryMinio } from "./minio";
import { tryProxmoxve } from "./proxmoxve";

/**
 * Tries a plugin of the toolchain before it is trusted: what Lifeboat makes with it is made, looked at again and deleted on
 * an emulated site. `node scripts/run.cjs test/trials/main.ts NAME PROGRAM` ends with 0; else with 1, and says why on its
 * standard output.
 */
const trials: Readonly<Record<string, (program: string, folder: string) => Promise<void>>> = {
  proxmoxve: tryProxmoxve,
  minio: tryMinio,
  command: tryCommand,
};

async function main([name = "", program = ""]: readonly string[]): Promise<void> {
  const trial = trials[name];
  if (trial === undefined) throw new Error(`there is no trial for ${name}`);
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-trial-"));
  try {
    await trial(program, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
