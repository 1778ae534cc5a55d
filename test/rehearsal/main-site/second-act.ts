import { type DemoSite, expectExit } from "../support/demo-site";
import { backUpAll, environmentNames, installAnew, pointsOf, setUpAsPrinted } from "./loss";
import { expectInWeb, runJob, type Stage, writeIntoWeb } from "./main-job";

const lost = ["prod", "monitoring"] as const;
const text = "written before the nodes were lost";

/**
 * What follows the main job with `npm run demo -- --disaster`: two of three nodes are lost, with production, the state store and
 * monitoring on them, and one command brings the site back.
 *
 * @param tell receives what the recovery reports, line by line
 */
export function secondAct(tell: (line: string) => void): readonly Stage[] {
  let points: string[] = [];
  return [
    {
      title: "write into web, back everything up",
      run: async (site) => {
        await writeIntoWeb(site, text);
        await backUpAll(site);
        points = (await pointsOf(site, "prod")).filter((id) => id !== "present");
        return "every guest, and copies of the states";
      },
    },
    {
      title: "prod and monitoring are lost",
      run: async (site) => {
        await installAnew(site, lost);
        return "two bare nodes: no guest, no job, no store";
      },
    },
    {
      title: "doctor --print-setup, as root",
      run: async (site) => {
        for (const name of lost) await setUpAsPrinted(site, name);
        return "the token has its rights again";
      },
    },
    { title: "lifeboat recover --dry-run [H1]", run: plan },
    {
      title: "lifeboat recover [H1, H4]",
      run: async (site) => {
        const { stdout } = expectExit(await site.inside("lifeboat", "recover", "--force"), [0], "lifeboat recover");
        const lines = stdout.split("\n");
        lines.forEach(tell);
        return `${lines[0]?.toLowerCase() ?? ""}, proven`;
      },
    },
    { title: "the file is back [D14]", run: (site) => expectInWeb(site, text) },
    {
      title: "every restore point is back [E1]",
      run: async (site) => {
        const now = await pointsOf(site, "prod");
        const missing = points.filter((id) => !now.includes(id));
        if (missing.length > 0) throw new Error(`restore points are missing: ${missing.join(", ")}`);
        return `${String(points.length)} of ${String(points.length)} of prod`;
      },
    },
    { title: "every preview is clean [D11]", run: previews },
    { title: "the next night's job [A3]", run: runJob },
  ];
}

async function plan(site: DemoSite): Promise<string> {
  const { stdout } = expectExit(await site.inside("lifeboat", "recover", "--dry-run"), [0], "the plan");
  const bad = stdout.split("\n").find((line) => /LOST: |EMPTY|NOT AT ALL/u.test(line));
  if (bad !== undefined) throw new Error(`not all of it comes back: ${bad.trim()}`);
  const gone = [...stdout.matchAll(/ (?:from its (?:newest )?archive|with the state store)/gu)].length;
  if (gone === 0) throw new Error(`no guest is to come back:\n${stdout}`);
  return `${String(gone)} guests come back, nothing else is touched`;
}

async function previews(site: DemoSite): Promise<string> {
  for (const name of environmentNames) {
    const preview = await site.pulumi(name, "preview", "--refresh", "--expect-no-changes");
    expectExit(preview, [0], `the preview of ${name}`);
  }
  return "three stacks, also against the nodes";
}
