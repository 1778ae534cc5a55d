import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../failure";
import type { Layout, SandboxRecord } from "../layout";
import { addAddress } from "../namespace";
import { inNetwork, serverMark, siteNames } from "../../machine/names";
import { endProcesses, processesMarked } from "../../machine/processes";
import { ARTIFACTS_COMMAND, type Artifacts, findArtifacts } from "./artifacts";
import { mirror } from "./mirror";
import { offsite } from "./offsite";
import { registry } from "./registry";
import { type Service, serviceFolder, type ServiceName, type ServicePlace } from "./service";

const services: readonly Service[] = [mirror, offsite, registry];

export interface ServiceState {
  readonly service: Service;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
}

/** What a site is to have. */
interface Wanted {
  /** A registry of images. One that was there before is started in any case. */
  readonly docker: boolean;
  /** Receives a line before each start. */
  readonly say: (line: string) => void;
}

/**
 * Starts the services that do not run, where the programs are on this machine that they need.
 *
 * @throws SandboxError where they are not, and the site is to have a registry
 * @returns these programs; undefined where the site has no services
 */
export async function startServices(
  layout: Layout,
  record: SandboxRecord,
  projectFolder: string,
  { docker, say }: Wanted,
): Promise<Artifacts | undefined> {
  if (record.driver !== "real") return undefined;
  const artifacts = findArtifacts(projectFolder);
  if (artifacts === undefined && docker) {
    throw new SandboxError("no image registry without the server of the state store", { hint: ARTIFACTS_COMMAND });
  }
  if (artifacts === undefined) {
    say(`No artifact mirror and no offsite S3 server without the server of the state store: ${ARTIFACTS_COMMAND}`);
    return undefined;
  }
  const isWanted = ({ name }: Service): boolean =>
    name !== "registry" || docker || existsSync(serviceFolder(layout, name));
  for (const { service, pid } of services.filter(isWanted).map((service) => stateOf(layout, service))) {
    if (pid !== undefined) continue;
    say(`Starting the ${service.title}`);
    await start(layout, service, projectFolder, artifacts);
  }
  return artifacts;
}

/** The services that the site has, running or not. */
export function serviceStates(layout: Layout): ServiceState[] {
  const present = services.filter(({ name }) => existsSync(serviceFolder(layout, name)));
  return present.map((service) => stateOf(layout, service));
}

/** Starts one service, or ends it as a power cut would: what a provider's outage is rehearsed with. */
export async function switchService(
  layout: Layout,
  projectFolder: string,
  name: ServiceName,
  action: "start" | "stop",
): Promise<void> {
  const state = serviceStates(layout).find(({ service }) => service.name === name);
  if (state === undefined) {
    throw new SandboxError(`this site has no ${name}`, { hint: `${ARTIFACTS_COMMAND}, then: npm run sandbox -- up` });
  }
  if (action === "stop") return endProcesses(processesOf(layout, state.service));
  const artifacts = findArtifacts(projectFolder);
  if (artifacts === undefined) throw new SandboxError("its program is gone", { hint: ARTIFACTS_COMMAND });
  if (state.pid === undefined) await start(layout, state.service, projectFolder, artifacts);
}

async function start(layout: Layout, service: Service, projectFolder: string, artifacts: Artifacts): Promise<void> {
  const names = siteNames(layout.server);
  const folder = serviceFolder(layout, service.name);
  const place: ServicePlace = { layout, folder, log: join(folder, "log"), projectFolder, artifacts };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await service.prepare(place);
  await addAddress(names, service.address);
  const { words, environment } = service.command(place);
  const [program = "", ...rest] = [...inNetwork(names), ...words];
  const log = openSync(place.log, "w");
  const child = spawn(program, rest, {
    cwd: projectFolder,
    detached: true,
    stdio: ["ignore", log, log],
    env: {
      PATH: process.env["PATH"] ?? "",
      ...environment,
      [serverMark]: names.id,
      [SERVICE_MARK]: markOf(layout, service),
    },
  });
  closeSync(log);
  child.unref();
  await service.ready(place).catch((failure: unknown) => {
    const cause = failure instanceof Error ? failure.message : String(failure);
    const said = readFileSync(place.log, "utf8").trim().split("\n").at(-1) ?? "";
    throw new SandboxError(`the ${service.title} did not start: ${cause}`, { hint: `see ${place.log}: ${said}` });
  });
}

/** Environment variable by which the processes of a service are found, without a record that could be wrong. */
const SERVICE_MARK = "LIFEBOAT_SANDBOX_SERVICE";

function markOf(layout: Layout, { name }: Service): string {
  return `${siteNames(layout.server).id}/${name}`;
}

function processesOf(layout: Layout, service: Service): number[] {
  return processesMarked(SERVICE_MARK, markOf(layout, service));
}

function stateOf(layout: Layout, service: Service): ServiceState {
  return { service, pid: processesOf(layout, service)[0] };
}
