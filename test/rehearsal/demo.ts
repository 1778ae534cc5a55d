import { parseArgs } from "node:util";
import { join } from "node:path";
import { wrap } from "../../scripts/terminal/text";
import { mainJob, siteDown, type Stage } from "./main-site/main-job";
import { secondAct } from "./main-site/second-act";
import { projectFolder } from "./support/commands";
import { DemoSite, type DriverName } from "./support/demo-site";

const help = `Examples:
  npm run demo                     the whole main job on a site of its own, then the site is taken down
  npm run demo -- --keep           leaves the site up and says how to go on by hand
  npm run demo -- --disaster       with a second act: two of three nodes are lost, and one command brings the site back
  npm run demo -- --driver memory  without guests that run (what happens without root)

It brings a Proxmox site up on this machine, deploys it with Pulumi, backs it up, destroys a container, restores it with
one command, and proves that its data is back. Root on Debian 12 gives real containers.
`;

interface Outcome {
  title: string;
  seen: string;
  seconds: number;
  failed: boolean;
}

const grey = process.stdout.isTTY && !process.env["NO_COLOR"] ? (text: string) => `\u001b[2m${text}\u001b[0m` : String;

async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: {
      keep: { type: "boolean" },
      disaster: { type: "boolean" },
      driver: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const driver = chooseDriver(values.driver);
  const folder = process.env["LIFEBOAT_SANDBOX_DIR"] ?? join(projectFolder, ".sandbox");
  const site = new DemoSite(folder, driver, (line) => process.stdout.write(`${grey(`  ${line}`)}\n`));
  sayDriver(driver);
  return play(site, { keep: values.keep === true, disaster: values.disaster === true });
}

function chooseDriver(named: string | undefined): DriverName {
  if (named !== undefined && named !== "real" && named !== "memory") throw new Error("--driver is real or memory");
  return named ?? (process.getuid?.() === 0 ? "real" : "memory");
}

function sayDriver(driver: DriverName): void {
  if (driver === "real") return;
  process.stdout.write(
    "No guest runs with the memory driver. The API, Pulumi, archives and disks are real; that a restored guest boots\n" +
      "and answers ping and SSH is not shown. As root, `npm run demo` shows that too.\n",
  );
}

interface Wish {
  readonly keep: boolean;
  readonly disaster: boolean;
}

async function play(site: DemoSite, { keep, disaster }: Wish): Promise<number> {
  const outcomes: Outcome[] = [];
  const recovery: string[] = [];
  const stages = disaster ? [...mainJob, ...secondAct((line) => recovery.push(line))] : mainJob;
  for (const [index, stage] of stages.entries()) {
    process.stdout.write(`\n[${index + 1}/${stages.length}] ${nameOf(stage)}\n`);
    const outcome = await perform(stage, site);
    outcomes.push(outcome);
    if (outcome.failed) break;
  }
  const failed = outcomes.some((outcome) => outcome.failed);
  // A sandbox that was there before is not ours to take down; the stage that found it says so.
  if (!keep && outcomes.length > 2) outcomes.push(await perform(siteDown, site));
  printTable(outcomes);
  if (recovery.length > 0) process.stdout.write(`\n${recovery.join("\n")}\n`);
  if (keep && outcomes.length > 2) sayHowToGoOn();
  return failed || outcomes.some((outcome) => outcome.failed) ? 1 : 0;
}

/** The title without the requirements. */
function nameOf({ title }: Stage): string {
  return title.replace(/ \[[^\]]+\]$/u, "");
}

async function perform(stage: Stage, site: DemoSite): Promise<Outcome> {
  const title = nameOf(stage);
  const started = performance.now();
  const secondsNow = (): number => (performance.now() - started) / 1000;
  try {
    const seen = await stage.run(site);
    return { title, seen, seconds: secondsNow(), failed: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stdout.write(`\nFAILED: ${title}: ${message}\n`);
    return { title, seen: `FAILED: ${message.split("\n")[0] ?? ""}`, seconds: secondsNow(), failed: true };
  }
}

/** On a terminal it is no wider than that: what was seen goes on below its own beginning. */
function printTable(outcomes: readonly Outcome[]): void {
  const width = Math.max(4, ...outcomes.map(({ title }) => title.length));
  const room = Math.max(20, (process.stdout.columns ?? Infinity) - width - "  ".length * 2 - "seconds".length);
  const longest = Math.max(13, ...outcomes.flatMap(({ seen }) => wrap(seen, room).map((line) => line.length)));
  const seenWidth = Math.min(room, longest);
  const row = (step: string, seen: string, seconds: string): string =>
    wrap(seen, room)
      .map((line, index) =>
        index === 0
          ? `${step.padEnd(width)}  ${line.padEnd(seenWidth)}  ${seconds.padStart(7)}\n`
          : `${" ".repeat(width)}  ${line}\n`,
      )
      .join("");
  process.stdout.write(`\n${row("step", "what was seen", "seconds")}`);
  for (const { title, seen, seconds } of outcomes) process.stdout.write(row(title, seen, seconds.toFixed(1)));
}

function sayHowToGoOn(): void {
  process.stdout.write(`
The site is still up. Go on by hand:
  npm run -s sandbox -- exec bash      a shell in which \`pulumi\` and \`lifeboat\` work on it
    lifeboat status
    lifeboat restore guest web --dry-run
    eval "$(lifeboat env prod)" && pulumi preview -s prod
  npm run sandbox -- down              when you are done
`);
}

main(process.argv.slice(2)).then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exitCode = 2;
  },
);
