import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore, UpSite } from "../../up/up-site";
import { runLines } from "../run-lines";

/** Lines that replace keys, on a store in a container of the site. */
let folder: string;
let site: UpSite;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-lines-"));
  site = UpSite.create(await startStore(folder), "lines");
  await site.makeContainer();
});

afterAll(async () => {
  await site.store.close();
  await site.stop();
  rmSync(folder, { recursive: true, force: true });
});

// The keys are those of the settings.
runLines("rotate", () => ({ site, variables: { LIFEBOAT_STATE_KEYS_FILE: "" } }));
