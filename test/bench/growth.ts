import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AdoptedSite } from "../commands/support/adopted-site";
import { type Ratio, medianOf } from "./measure";
import { peakOf, watchPeak } from "./peak-memory";
import { makePulumiProject } from "./pulumi-project";
import type { RunOptions } from "../commands/support/run-bundle";

const sizes = [10, 100, 1_000];
const archivesOfGuest = 30;
const day = 86_400;

/** Commands whose work grows with the site. The emulator's own time is in them, it lists every archive as Proxmox does. */
const commands = [
  { measure: "settings", argv: ["env", "prod"], exitCodes: [0] },
  { measure: "status", argv: ["status", "prod", "--json"], exitCodes: [0, 3] },
  { measure: "plan", argv: ["restore", "guest", "guest-1", "--dry-run", "--json"], exitCodes: [0] },
];

interface Measured {
  readonly milliseconds: number;
  readonly peakMebibytes: number;
}

/**
 * Each command at 10, 100 and 1,000 guests with 30 archives each: ten times the guests may take ten times the time at most.
 *
 * @param progress is told what is measured next.
 */
export async function measureGrowth(progress: (line: string) => void): Promise<Ratio[]> {
  const ratios: Ratio[] = [];
  let smaller = new Map<string, Measured>();
  for (const size of sizes) {
    progress(`${String(size)} guests with ${String(archivesOfGuest)} archives each`);
    const measured = await measureSite(size);
    for (const [measure, { milliseconds, peakMebibytes }] of measured) {
      const before = smaller.get(measure);
      if (before === undefined) continue;
      const ratio = milliseconds / before.milliseconds;
      const what = `${String(size)} guests ÷ ${String(size / 10)}`;
      const againstMilliseconds = before.milliseconds;
      ratios.push({ measure, what, milliseconds, againstMilliseconds, ratio, atMost: 10, peakMebibytes });
    }
    smaller = measured;
  }
  return ratios.toSorted((left, right) => left.measure.localeCompare(right.measure));
}

async function measureSite(size: number): Promise<Map<string, Measured>> {
  const guests = Array.from({ length: size }, (_, index) => ({
    id: 1_001 + index,
    name: `guest-${String(index + 1)}`,
  }));
  const site = await AdoptedSite.start([{ name: "prod", node: "pve-prod", profile: "prod", guests }]);
  try {
    const now = Math.floor(Date.now() / 1_000);
    for (const { id } of guests) {
      for (let back = 0; back < archivesOfGuest; back += 1) {
        site.putArchive("pve-prod", id, now - back * day - 2 * 3_600, 1_000);
      }
    }
    // The plan reads the archive that it takes: the newest, hence a real one.
    await expectEnd(site, ["backup", "guest-1"], [0]);
    const measured = new Map<string, Measured>();
    for (const { measure, argv, exitCodes } of commands) {
      let peakMebibytes = 0;
      const milliseconds = await medianOf(3, async () => {
        const watch = watchPeak(join(site.project, ".."));
        await expectEnd(site, argv, exitCodes, { env: watch.variables });
        peakMebibytes = Math.max(peakMebibytes, peakOf(watch));
      });
      measured.set(measure, { milliseconds, peakMebibytes });
    }
    measured.set("preview", await measurePreviewOf(site));
    return measured;
  } finally {
    await site.stop();
  }
}

/** `pulumi preview` of the same guests, which are adopted: every one of them is asked for. */
async function measurePreviewOf(site: AdoptedSite): Promise<Measured> {
  const settings = readFileSync(join(site.project, "Pulumi.prod.yaml"), "utf8");
  const project = makePulumiProject(site.sandbox, join(site.project, "..", "preview"), {
    stack: "prod",
    program: "stacks/start.cjs",
    options: ["typescript: false"],
    settings: settings.replace("site-ca.pem", site.sandbox.layout.ca),
  });
  let peakMebibytes = project.preview();
  const milliseconds = await medianOf(3, async () => {
    peakMebibytes = Math.max(peakMebibytes, project.preview());
  });
  return { milliseconds, peakMebibytes };
}

async function expectEnd(
  site: AdoptedSite,
  argv: readonly string[],
  exitCodes: readonly number[],
  options: RunOptions = {},
): Promise<void> {
  const { code, stdout, stderr } = await site.lifeboat(argv, { ...options, asProcess: true });
  if (exitCodes.includes(code ?? -1)) return;
  const said = `${stderr}${stdout}`.slice(0, 800);
  throw new Error(`lifeboat ${argv.join(" ")} ended with ${String(code)}: ${said}`);
}
