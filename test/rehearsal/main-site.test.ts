import { rmSync } from "node:fs";
import { disks } from "./main-site/disks";
import { mainJob, siteDown, type Stage } from "./main-site/main-job";
import { MainSite } from "./main-site/main-site";
import { scenarios } from "./main-site/scenarios";
import { siteLost } from "./main-site/site-lost";
import { storeLost } from "./main-site/store-lost";
import { typedLines } from "./main-site/typed-lines";

// One site of real containers, with three stacks in a state store of its own. The main job makes it, as `npm run demo` shows it; the
// other parts go on with it, or make it when they are run alone: `-t "disks with data on them"`.
const isRoot = process.getuid?.() === 0;
const main = new MainSite();
let failed = false;

jest.setTimeout(45 * 60_000);

afterAll(async () => {
  if (isRoot) await main.site.sandbox("down");
  rmSync(main.parent, { recursive: true, force: true });
});

/** Each stage stands on the one before, so that after a failure the rest is not tried. */
async function perform(stage: Stage): Promise<void> {
  if (failed) throw new Error("not tried: a stage before it failed");
  try {
    process.stdout.write(`${stage.title}: ${await stage.run(main.site)}\n`);
  } catch (error) {
    failed = true;
    process.stdout.write(`${main.printed.slice(-60).join("\n")}\n`);
    throw error;
  }
}

const describeAsRoot = isRoot ? describe : describe.skip;

describeAsRoot("the main job, with real containers", () => {
  for (const stage of mainJob) test(`${stage.title}`, () => perform(stage));
});

describeAsRoot("a state store that stops, and is lost", () => storeLost(main));

describeAsRoot("lines of the pages", () => typedLines(main));

describeAsRoot("a site of which only the storages for backups are left", () => siteLost(main));

describeAsRoot("a part of the site is lost, or taken over", () => scenarios(main));

describeAsRoot("disks with data on them", () => disks(main));

(isRoot ? test : test.skip)("the site goes, and nothing of it stays", async () => {
  process.stdout.write(`${siteDown.title}: ${await siteDown.run(main.site)}\n`);
});
