import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

/** A file, or a folder, that is made on this machine the first time it is needed, and kept in the user's cache afterwards. */
interface BuiltOnce {
  /** Folder in the cache. */
  kind: string;
  name: string;
  /** How it is made, as data. Its hash names the folder of the file, so a changed recipe makes a new one. */
  recipe: unknown;
  /** Makes the file. @param temporary an empty folder on the same file system, removed afterwards with all that is in it */
  build: (file: string, temporary: string) => Promise<void>;
}

/** Path of the file in the cache, which is made if it is not there. @param announce called before the work */
export async function builtOnce({ kind, name, recipe, build }: BuiltOnce, announce: () => void): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), kind, hash);
  const file = join(folder, name);
  if (existsSync(file)) return file;
  announce();
  mkdirSync(folder, { recursive: true });
  removeAbandoned(folder);
  const building = mkdtempSync(join(folder, BUILDING));
  try {
    await build(join(building, name), building);
    // Only a finished one gets the name that later runs trust. Where two made it at once, the first stays: a folder that is in
    // use cannot be replaced.
    if (!existsSync(file)) renameSync(join(building, name), file);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return file;
}

const BUILDING = "building-";

/** No build takes longer than this; an older folder was left by a killed one. */
const LONGEST_BUILD = 3600 * 1000;

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(BUILDING))) {
    const left = join(folder, name);
    if (Date.now() - statSync(left).mtimeMs > LONGEST_BUILD) rmSync(left, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"];
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "lifeboat");
}
