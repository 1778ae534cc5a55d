import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mainJob, siteDown } from "./main-job";
import { DemoSite } from "./support/demo-site";

// The main job with real containers, as `npm run demo` shows it. Each stage stands on the one before, so that after a
// failure the rest is not tried.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-rehearsal-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "real", (line) => printed.push(line));
let failed = false;

jest.setTimeout(45 * 60_000);

afterAll(() => rmSync(parent, { recursive: true, force: true }));

(isRoot ? describe : describe.skip)("the main job, with real containers", () => {
  for (const stage of [...mainJob, siteDown]) {
    test(`${stage.title}`, async () => {
      if (failed && stage !== siteDown) throw new Error("not tried: a stage before it failed");
      try {
        process.stdout.write(`${stage.title}: ${await stage.run(site)}\n`);
      } catch (error) {
        failed = true;
        process.stdout.write(`${printed.slice(-60).join("\n")}\n`);
        throw error;
      }
    });
  }
});
