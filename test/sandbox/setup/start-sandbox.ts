import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { MemoryDriver } from "../drivers/memory";
import { parseFixture } from "../model/fixture";
import { loadFixture } from "../model/fixture-files";
import { controlHandler } from "../server/control-handler";
import { type SiteOptions, SiteServer } from "../server/site-server";
import { control, controlCommand, type ControlCommand } from "../server/control";
import { declaredNeeds } from "./declared-needs";
import { takeDown } from "./down";
import { sandboxExports } from "./exports";
import { makeSecrets } from "./keys";
import { layoutOf, type Layout, type SandboxNode } from "./layout";
import { bringUp } from "./up";
import { startState, type StartState } from "./start-state";

/** The checkout that this file belongs to. */
export const PROJECT_FOLDER = resolve(__dirname, "../../..");

/** A sandbox of a test's own. */
export interface TestSandbox {
  folder: string;
  layout: Layout;
  /** For the commands under test, on top of an environment with a PATH. */
  env: Record<string, string>;
  nodes: readonly SandboxNode[];
  /** Faults, clock, files of a node, reset: see `server/control.ts`. */
  control: (command: ControlCommand) => Promise<unknown>;
  /** Takes everything down. */
  stop: () => Promise<void>;
}

export interface TestSandboxOptions {
  /** Only `memory`: sandboxes with real guests are brought up by the command. */
  driver: "memory";
  /** A folder that does not exist or is empty; it is removed by `stop`. */
  folder: string;
  /** Names of the nodes; the settings' examples use the default ones. */
  nodes?: readonly string[];
  /** Name of the one cluster that all nodes form; without it each stands alone. */
  cluster?: string;
  /** Changes the standard state: guests, storages, privileges. */
  fixture?: (state: StartState) => StartState;
}

/** Starts a private `memory` sandbox on free ports, so that several tests can run side by side. */
export async function startSandbox(options: TestSandboxOptions): Promise<TestSandbox> {
  const layout = layoutOf(resolve(options.folder));
  const names = options.nodes ?? ["pve-prod", "pve-lab", "pve-mon"];
  const { record } = await bringUp(layout, {
    driver: options.driver,
    nodes: names.map((name) => ({ name, address: "127.0.0.1", port: 0 })),
    projectFolder: PROJECT_FOLDER,
    say: () => undefined,
    // Proxmox holds back its refusals for three seconds, which a test would spend waiting.
    unauthorizedDelay: 0,
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
    ...(options.fixture === undefined ? {} : { adjust: options.fixture }),
  });
  return {
    folder: layout.folder,
    layout,
    env: sandboxExports(layout, undefined).variables,
    nodes: record.nodes,
    control: (command) => control(layout.server, command),
    stop: async () => {
      await takeDown(layout, () => undefined);
    },
  };
}

/**
 * The same without a process of its own: the emulator answers from this one, which spares the start of another Node for each
 * file of tests. The folder holds no copy of the project.
 */
export async function startSandboxHere(
  options: TestSandboxOptions & Pick<SiteOptions, "opened">,
): Promise<TestSandbox> {
  const layout = layoutOf(resolve(options.folder));
  const names = options.nodes ?? ["pve-prod", "pve-lab", "pve-mon"];
  const nodes = names.map((name) => ({ name, address: "127.0.0.1", port: 0 }));
  mkdirSync(layout.server, { recursive: true, mode: 0o700 });
  mkdirSync(layout.trust);
  const standard = startState(nodes, makeSecrets(layout), {
    needs: declaredNeeds(PROJECT_FOLDER),
    tinyTemplate: true,
    cluster: options.cluster,
  });
  const server = await SiteServer.start({
    folder: layout.server,
    driver: new MemoryDriver(),
    listen: nodes.map(({ name, address, port }) => ({ node: name, address, port })),
    unauthorizedDelay: 0,
    ...(options.opened === undefined ? {} : { opened: options.opened }),
  });
  await loadFixture(server.site, parseFixture(JSON.stringify(options.fixture?.(standard) ?? standard)));
  copyFileSync(join(layout.server, "certificates", "ca.pem"), layout.ca);
  const handle = controlHandler(server, () => undefined);
  return {
    folder: layout.folder,
    layout,
    env: sandboxExports(layout, undefined).variables,
    nodes: server.addresses.map(({ node, address, port }) => ({ name: node, address, port })),
    control: async (command) => handle(controlCommand.parse(command)),
    stop: async () => {
      await server.close();
      rmSync(layout.folder, { recursive: true, force: true });
    },
  };
}
