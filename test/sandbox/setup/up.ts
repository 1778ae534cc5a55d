import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Driver } from "../drivers/driver";
import type { SiteStatus } from "../server/control";
import { declaredNeeds } from "./declared-needs";
import { takeDown } from "./down";
import { SandboxError } from "./failure";
import { MACHINE_IMAGE, machineImage } from "./images/machine-image";
import { placeFile } from "./images/place-file";
import { makeSecrets } from "./keys";
import { type Layout, readRecord, type SandboxNode, type SandboxRecord, writeRecord } from "./layout";
import { makeNetwork } from "./namespace";
import { inotifyShortage } from "../machine/inotify";
import { siteNames } from "../machine/names";
import { requirePackages } from "./prerequisites";
import { copyProject } from "./project-copy";
import { runningServer, startServer } from "./server-process";
import { startNodeShells } from "./node-shells";
import { offerOnMirror } from "./services/mirror";
import { nodeArchive } from "./services/node-archive";
import { obtainRegistry } from "./services/registry";
import { startServices } from "./services/services";
import { startState, type StartState } from "./start-state";
import {
  DATABASE_TEMPLATE,
  databaseTemplate,
  DOCKER_TEMPLATE,
  dockerTemplate,
  realTemplate,
  TEMPLATE,
} from "./template";

export interface UpOptions {
  driver: Driver["name"];
  /** Where each node listens; port 0 takes a free one. */
  nodes: readonly SandboxNode[];
  /** The checkout that this sandbox is made from. */
  projectFolder: string;
  /** Receives a line before each part that takes time. */
  say: (line: string) => void;
  /** Name of the one cluster that all nodes form; without it each stands alone. */
  cluster?: string;
  /** Changes the state that the site starts from. */
  adjust?: (state: StartState) => StartState;
  unauthorizedDelay?: number;
  /** The site can run virtual machines: needs QEMU and a disk image. So it can where the settings declare one. */
  machines?: boolean;
  /** The site has what monitoring needs: a template with Docker, a registry with the images, and Node (`real` only). */
  docker?: boolean;
  /** The site has a template with databases, what backs them up, and Docker (`real` only). */
  databases?: boolean;
  /** Backup jobs run at their time by themselves: for people. Tests let time pass when they want it to. */
  scheduler?: boolean;
}

export interface UpResult {
  record: SandboxRecord;
  status: SiteStatus;
  /** False when it was up already. */
  started: boolean;
}

/** Addresses of the nodes that the settings' examples name. */
export function defaultNodes(driver: Driver["name"], port = 8006): SandboxNode[] {
  const network = driver === "real" ? "192.0.2" : "127.0.0";
  return ["pve-prod", "pve-lab", "pve-mon"].map((name, index) => ({ name, address: `${network}.${11 + index}`, port }));
}

/**
 * Brings a sandbox up. One that is up stays; one whose server was killed goes on from its state; one that was never
 * finished is made anew.
 */
export async function bringUp(layout: Layout, options: UpOptions): Promise<UpResult> {
  const image = await obtainMachineImage(options);
  const template = await obtainDocker(options);
  const databases = await obtainDatabases(options);
  const result = await bringUpSite(layout, options);
  if (image !== undefined) placeOnNodes(layout, result.record, image, `import/${MACHINE_IMAGE}`);
  if (template !== undefined) placeOnNodes(layout, result.record, template, `template/cache/${DOCKER_TEMPLATE}`);
  if (databases !== undefined) placeOnNodes(layout, result.record, databases, `template/cache/${DATABASE_TEMPLATE}`);
  return result;
}

async function bringUpSite(layout: Layout, options: UpOptions): Promise<UpResult> {
  const shortage = options.driver === "real" ? inotifyShortage() : undefined;
  if (shortage !== undefined) options.say(shortage);
  const found = readRecord(layout);
  if (found === undefined || !found.complete) return makeSandbox(layout, options);
  if (found.driver !== options.driver) {
    throw new SandboxError(`a sandbox with the driver '${found.driver}' is up already`, {
      hint: "take it down first: npm run sandbox -- down",
      exitCode: 2,
    });
  }
  return continueSandbox(layout, found, options);
}

/** Before anything is made, and only for sites that have virtual machines: it takes minutes the first time. */
async function obtainMachineImage({ driver, machines, projectFolder, say }: UpOptions): Promise<string | undefined> {
  if (driver !== "real" || !(machines ?? declaredNeeds(projectFolder).machines)) return undefined;
  requireRoot(driver);
  await requirePackages("machines", say);
  return machineImage(say);
}

/** The template with Docker; before anything is made, as is what the registry needs. */
async function obtainDocker({ driver, docker, projectFolder, say }: UpOptions): Promise<string | undefined> {
  if (driver !== "real" || docker !== true) return undefined;
  requireRoot(driver);
  await requirePackages(driver, say);
  await obtainRegistry(projectFolder, say);
  await nodeArchive(say);
  return dockerTemplate(say);
}

/** The template with databases; it takes two minutes the first time. */
async function obtainDatabases({ driver, databases, say }: UpOptions): Promise<string | undefined> {
  if (driver !== "real" || databases !== true) return undefined;
  requireRoot(driver);
  await requirePackages(driver, say);
  return databaseTemplate(say);
}

async function makeSandbox(layout: Layout, options: UpOptions): Promise<UpResult> {
  const { driver, say } = options;
  requireRoot(driver);
  await requirePackages(driver, say);
  if (existsSync(layout.folder)) await takeDown(layout, () => undefined);
  requireEmpty(layout);
  try {
    return await fillFolder(layout, options);
  } catch (failure) {
    await takeDown(layout, () => undefined);
    throw failure;
  }
}

async function fillFolder(layout: Layout, options: UpOptions): Promise<UpResult> {
  const { driver, say } = options;
  const record: SandboxRecord = { format: 1, driver, nodes: [...options.nodes], complete: false };
  mkdirSync(layout.server, { recursive: true, mode: 0o700 });
  writeRecord(layout, record);
  for (const folder of [layout.trust, layout.pulumiState, layout.pulumiHome, layout.stateHome, layout.bin]) {
    mkdirSync(folder, { recursive: true });
  }
  const secrets = makeSecrets(layout);
  const template = driver === "real" ? await realTemplate(say) : undefined;
  const standard = startState(options.nodes, secrets, {
    needs: declaredNeeds(options.projectFolder),
    tinyTemplate: template === undefined,
    cluster: options.cluster,
  });
  const status = await startSite(layout, record, options, options.adjust?.(standard) ?? standard);
  // Where a free port was asked for, a later start takes the same.
  const complete = { ...record, nodes: nodesOf(status), complete: true };
  if (template !== undefined) {
    placeOnNodes(layout, complete, template, `template/cache/${TEMPLATE}`);
    await startNodeShells(layout, complete, template);
  }
  await finishSite(layout, complete, options);
  writeRecord(layout, complete);
  return { record: complete, status, started: true };
}

async function continueSandbox(layout: Layout, record: SandboxRecord, options: UpOptions): Promise<UpResult> {
  const running = await runningServer(layout);
  if (running !== undefined) {
    await finishSite(layout, record, options);
    return { record, status: running, started: false };
  }
  requireRoot(record.driver);
  options.say("Its server does not run: starting it again from its state");
  const state: StartState = JSON.parse(readFileSync(join(layout.server, "start-state.json"), "utf8"));
  const status = await startSite(layout, record, options, state);
  if (record.driver === "real") await startNodeShells(layout, record, await realTemplate(options.say));
  await finishSite(layout, record, options);
  return { record, status, started: true };
}

async function startSite(
  layout: Layout,
  record: SandboxRecord,
  options: UpOptions,
  state: StartState,
): Promise<SiteStatus> {
  if (record.driver === "real") {
    options.say("Making the network: a namespace with the bridge vmbr0 and the nodes' addresses");
    await makeNetwork(siteNames(layout.server), record.nodes);
  }
  options.say(`Starting ${record.nodes.map((node) => node.name).join(", ")}`);
  const { unauthorizedDelay, scheduler = false } = options;
  return startServer(layout, record, options.projectFolder, {
    startState: state,
    ...(unauthorizedDelay === undefined ? {} : { unauthorizedDelay }),
    scheduler,
  });
}

function nodesOf(status: SiteStatus): SandboxNode[] {
  return status.nodes.map(({ node, address, port }) => ({ name: node, address, port }));
}

/** @param place in the folder of the storage `local` */
function placeOnNodes(layout: Layout, record: SandboxRecord, file: string, place: string): void {
  for (const { name } of record.nodes) {
    placeFile(file, join(layout.server, "nodes", name, "root/var/lib/vz", place));
  }
}

/**
 * The servers beside the nodes, and everything by which people and programs use the site: its CA, the copy of the
 * project, the command.
 */
async function finishSite(layout: Layout, record: SandboxRecord, options: UpOptions): Promise<void> {
  const { projectFolder, docker = false, say } = options;
  copyFileSync(join(layout.server, "certificates", "ca.pem"), layout.ca);
  const artifacts = await startServices(layout, record, projectFolder, { docker, say });
  const guestsRun = record.driver === "real";
  const node = guestsRun && docker ? await nodeArchive(say) : undefined;
  if (node !== undefined) await offerOnMirror(layout, node);
  copyProject({ layout, projectFolder, nodes: record.nodes, guestsRun, artifacts, node });
  const command = join(layout.bin, "lifeboat");
  rmSync(command, { force: true });
  symlinkSync(join(projectFolder, "dist", "lifeboat.cjs"), command);
}

function requireRoot(driver: Driver["name"]): void {
  if (driver !== "real" || process.getuid?.() === 0) return;
  throw new SandboxError("the real driver needs root: it mounts images and starts containers", {
    hint: "run it as root, or without guests: npm run sandbox -- up --driver memory",
  });
}

function requireEmpty(layout: Layout): void {
  if (!existsSync(layout.folder) || readdirSync(layout.folder).length === 0) return;
  throw new SandboxError(`${layout.folder} is not empty`, {
    hint: "point LIFEBOAT_SANDBOX_DIR at a folder that is empty or does not exist",
    exitCode: 2,
  });
}
