import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type SiteStatus, siteStatus } from "../server/control";
import { SandboxError } from "./failure";
import type { Layout, SandboxRecord } from "./layout";
import { processesInNetwork } from "./namespace";
import { inNetwork, serverMark, siteNames } from "../machine/names";
import { endProcesses, portHolder, processesMarked } from "../machine/processes";
import { typeScript } from "../machine/type-script";
import type { StartState } from "./start-state";

export interface ServerOptions {
  /** The state that a new site starts from; a site that has a state already keeps it. */
  startState: StartState;
  /** Milliseconds before the emulator sends a 401; Proxmox waits 3000. */
  unauthorizedDelay?: number;
  /** Backup jobs run at their time by themselves. */
  scheduler?: boolean;
}

/** What runs in the sandbox's folder; undefined when no server answers there. */
export async function runningServer(layout: Layout): Promise<SiteStatus | undefined> {
  if (!existsSync(layout.server)) return undefined;
  return siteStatus(layout.server).catch(() => undefined);
}

/** Starts the emulator in the background, in the site's network where it has one, and waits until it answers. */
export async function startServer(
  layout: Layout,
  record: SandboxRecord,
  projectFolder: string,
  options: ServerOptions,
): Promise<SiteStatus> {
  mkdirSync(layout.server, { recursive: true, mode: 0o700 });
  const startState = join(layout.server, "start-state.json");
  writeFileSync(startState, JSON.stringify(options.startState, undefined, 1), { mode: 0o600 });
  const names = siteNames(layout.server);
  const words = [
    ...typeScript(projectFolder, "test/sandbox/server/main.ts"),
    "--state",
    layout.server,
    "--driver",
    record.driver,
    "--fixture",
    startState,
    ...record.nodes.flatMap(({ name, address, port }) => ["--listen", `${name}=${address}:${port}`]),
    ...(options.unauthorizedDelay === undefined ? [] : ["--unauthorized-delay", String(options.unauthorizedDelay)]),
    ...(options.scheduler === true ? ["--scheduler"] : []),
  ];
  const [program = "", ...rest] = record.driver === "real" ? [...inNetwork(names), ...words] : words;
  const log = openSync(layout.serverLog, "a");
  const logStart = readFileSync(layout.serverLog, "utf8").length;
  const child = spawn(program, rest, {
    detached: true,
    cwd: projectFolder,
    stdio: ["ignore", log, log],
    env: { ...process.env, [serverMark]: names.id },
  });
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.on("error", (failure) => (ended = failure.message));
  child.on("exit", () => (ended = readFileSync(layout.serverLog, "utf8").slice(logStart).trim()));
  try {
    return await waitForServer(layout, record, () => ended);
  } finally {
    // It may end long after, when its log is gone with the folder.
    child.removeAllListeners("exit");
  }
}

/** Ends every process of the emulator: the server, and what a killed one left at work. */
export async function stopServer(layout: Layout): Promise<void> {
  if (!existsSync(layout.server)) return;
  const names = siteNames(layout.server);
  await endProcesses(processesMarked(serverMark, names.id), STOP_GRACE);
  await endProcesses(await processesInNetwork(names));
}

/** Milliseconds that the server has to write its state. */
const STOP_GRACE = 3000;

const START_LIMIT = 30_000;

async function waitForServer(
  layout: Layout,
  record: SandboxRecord,
  failureOf: () => string | undefined,
): Promise<SiteStatus> {
  for (let waited = 0; waited < START_LIMIT; waited += 50) {
    const status = await runningServer(layout);
    if (status !== undefined) return status;
    const failure = failureOf();
    if (failure !== undefined) throw explainStart(failure, record);
    await sleep(50);
  }
  throw new SandboxError("the sandbox's server does not answer", { hint: `see ${layout.serverLog}` });
}

function explainStart(failure: string, record: SandboxRecord): SandboxError {
  const [, address, port] = /EADDRINUSE: address already in use ([\d.]+):(\d+)/.exec(failure) ?? [];
  if (address === undefined || port === undefined) {
    return new SandboxError(`the sandbox's server did not start: ${failure.split("\n").at(-1) ?? ""}`);
  }
  const holder = record.driver === "memory" ? portHolder(address, Number(port)) : undefined;
  const who = holder === undefined ? "another program" : `process ${holder.pid} (${holder.command})`;
  return new SandboxError(`${address}:${port} is in use by ${who}`, {
    hint: "end it, or choose another port: npm run sandbox -- up --driver memory --port 18006",
  });
}
