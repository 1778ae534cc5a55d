import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { takeDown } from "./down";
import { execInSandbox } from "./exec";
import { type Exports, shellExports, sandboxExports, toolchainPath } from "./exports";
import { SandboxError } from "./failure";
import { moveClock } from "./clock-command";
import { setFault } from "./fault-command";
import { layoutOf, readRecord, type Layout, type SandboxRecord, sandboxFolder } from "./layout";
import { requirePackages } from "./prerequisites";
import { debianProgram, isProgramName, PROGRAM_NAMES } from "./programs";
import { printRequests } from "./requests-command";
import { SERVICE_NAMES, type ServiceName } from "./services/service";
import { setService } from "./services/service-command";
import { PROJECT_FOLDER } from "./start-sandbox";
import { describeStatus } from "./status-command";
import { bringUp, defaultNodes, type UpResult } from "./up";

const EXAMPLES = `Examples:
  npm run sandbox -- up                          a site with real containers (root, Debian 12)
  npm run sandbox -- up --machines               the same with QEMU, for virtual machines
  npm run sandbox -- up --docker                 the same with a template that runs Docker, and a registry of images
  npm run sandbox -- up --databases              the same with a template of PostgreSQL, MariaDB and what backs them up
  npm run sandbox -- up --driver memory          the same API without guests (needs nothing)
  eval "$(npm run -s sandbox -- env)"            plain \`pulumi\` and \`lifeboat\` work in this shell
  npm run -s sandbox -- exec pulumi up -s prod   one command where the site's addresses are reachable
  npm run -s sandbox -- exec bash                a shell there
  npm run sandbox -- fault node-unreachable on node=pve-prod
  npm run sandbox -- service offsite stop        the provider of offsite storage is down
  npm run -s sandbox -- program promtool         where it is; it comes from Debian's package
  npm run sandbox -- clock forward 4w            four weeks pass; backup jobs run at their time
  npm run sandbox -- down

The sandbox lies in .sandbox/ of the project, or in the folder that LIFEBOAT_SANDBOX_DIR names.
`;

type DriverName = SandboxRecord["driver"];

/** Runs one sandbox command; the exit code is its result. Talk goes to the error stream, data to standard output. */
export async function runSandboxCommand(words: readonly string[]): Promise<number> {
  const layout = layoutOf(sandboxFolder(PROJECT_FOLDER));
  let exitCode = 0;
  const program = sandboxProgram(layout, (code) => (exitCode = code));
  try {
    await program.parseAsync([...words], { from: "user" });
    return exitCode;
  } catch (failure) {
    // Commander has said everything already; help and its like are no failure.
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? 0 : 2;
    return reportFailure(failure);
  }
}

function sandboxProgram(layout: Layout, end: (exitCode: number) => void): Command {
  const program = new Command("npm run sandbox --")
    .description("A Proxmox VE site on this machine.")
    .addHelpText("before", EXAMPLES)
    .enablePositionalOptions()
    .exitOverride();
  addUp(program, layout);
  program
    .command("down")
    .description("take the site down with everything it made")
    .action(async () => {
      const wasUp = await takeDown(layout, say);
      say(wasUp ? "The sandbox is down." : "There is no sandbox: nothing to do.");
    });
  program
    .command("status")
    .description("what is up: nodes, guests, faults")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => end(await describeStatus(layout, options.json === true, say)));
  program
    .command("env")
    .description("print shell exports for `pulumi` and `lifeboat`")
    .action(() => {
      requireRecord(layout);
      process.stdout.write(shellExports(exportsOf(layout)));
    });
  program
    .command("exec")
    .description("run a command in the site's network and with its environment, in the copy of the project")
    .argument("<command...>")
    .passThroughOptions()
    .helpOption(false)
    .action(async (command: string[]) =>
      end(await execInSandbox(layout, requireRecord(layout), exportsOf(layout), command)),
    );
  program
    .command("fault")
    .description("make something go wrong, or stop doing so; settings as name=value")
    .argument("[name]", "without a name: what there is, and what is on")
    .addArgument(program.createArgument("[state]").choices(["on", "off"]))
    .argument("[settings...]")
    .action((name: string | undefined, state: "on" | "off" | undefined, settings: string[]) =>
      setFault(layout, name, state, settings),
    );
  program
    .command("service")
    .description("the servers beside the nodes; `start` and `stop` one, which ends it as a power cut does")
    .addArgument(program.createArgument("[name]").choices(SERVICE_NAMES))
    .addArgument(program.createArgument("[action]").choices(["start", "stop"]))
    .action((name: ServiceName | undefined, action: "start" | "stop" | undefined) => {
      requireRecord(layout);
      return setService(layout, PROJECT_FOLDER, name, action);
    });
  program
    .command("clock")
    .description("the nodes' time; `set TIME` moves it, `forward DURATION` lets it pass with its backup jobs")
    .addArgument(program.createArgument("[action]").choices(["set", "forward"]))
    .argument("[value]", "2027-03-27T12:00:00Z, or 8h, 7d, 4w")
    .action((action: "set" | "forward" | undefined, value: string | undefined) =>
      moveClock(layout, action, value, say),
    );
  program
    .command("requests")
    .description("the requests that the site was sent, oldest first")
    .option("--json", "print JSON lines, with parameters")
    .option("--clear", "forget them")
    .action((options: { json?: boolean; clear?: boolean }) => printRequests(layout, options));
  program
    .command("prerequisites")
    .description("install the Debian packages that a driver needs")
    .addOption(driverOption())
    .option("--machines", "those of virtual machines as well")
    .action(async (options: { driver: DriverName; machines?: boolean }) => {
      await requirePackages(options.driver, say);
      if (options.machines === true) await requirePackages("machines", say);
      say("All needed packages are installed.");
    });
  program
    .command("program")
    .description("print where a program of a Debian package is, which is downloaded and not installed")
    .addArgument(program.createArgument("<name>").choices(PROGRAM_NAMES))
    .action(async (name: string) => {
      if (isProgramName(name)) process.stdout.write(`${await debianProgram(name, say)}\n`);
    });
  return program;
}

interface UpWords {
  driver: DriverName;
  machines?: true;
  docker?: true;
  databases?: true;
  port: number;
  json?: boolean;
}

function addUp(program: Command, layout: Layout): void {
  program
    .command("up")
    .description("bring the site up; one that is up stays as it is")
    .addOption(driverOption())
    .option("--machines", "virtual machines can run, as they can where a settings file declares one (real only)")
    .option("--docker", "a template with Docker, and a registry with the images of monitoring (real only)")
    .option("--databases", "a template with PostgreSQL, MariaDB, pgBackRest, age, restic and Docker (real only)")
    .option("--port <number>", "port of the API on each node", parsePort, 8006)
    .option("--json", "print JSON when it is up")
    .action(async ({ port, json, ...options }: UpWords) => {
      const nodes = defaultNodes(options.driver, port);
      const result = await bringUp(layout, { ...options, nodes, projectFolder: PROJECT_FOLDER, say, scheduler: true });
      reportUp(layout, result, json === true);
    });
}

function driverOption(): Option {
  const option = new Option("--driver <name>", "real: LXC containers, needs root; memory: no guest runs");
  return option.choices(["real", "memory"]).default(process.getuid?.() === 0 ? "real" : "memory");
}

function reportUp(layout: Layout, { record, started }: UpResult, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...record, folder: layout.folder, project: layout.project, started })}\n`);
  }
  say(started ? `The sandbox is up (driver '${record.driver}').` : "The sandbox was up already.");
  for (const { name, address, port } of record.nodes) say(`  ${name.padEnd(10)} https://${address}:${port}`);
  if (record.driver === "memory")
    say("No guest runs with this driver: a restored guest proves `running`, nothing more.");
  say("Go on: npm run -s sandbox -- exec bash   or   npm run sandbox -- down");
}

function exportsOf(layout: Layout): Exports {
  const toolchain = toolchainPath(PROJECT_FOLDER, layout.pulumiHome);
  if (toolchain === undefined) say("The toolchain is not installed, so `pulumi` may be missing: npm run toolchain");
  return sandboxExports(layout, toolchain);
}

/** @throws SandboxError when no sandbox is up. */
function requireRecord(layout: Layout): SandboxRecord {
  const record = readRecord(layout);
  if (record?.complete === true) return record;
  throw new SandboxError("no sandbox is up", { hint: "bring one up: npm run sandbox -- up" });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw new InvalidArgumentError("a port is a number from 1 to 65535");
  return port;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function reportFailure(failure: unknown): number {
  if (!(failure instanceof SandboxError)) throw failure;
  say(`Error: ${failure.message}`);
  if (failure.hint !== undefined) say(`  → ${failure.hint}`);
  return failure.exitCode;
}
