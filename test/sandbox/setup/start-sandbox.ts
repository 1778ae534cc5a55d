import { resolve } from "node:path";
import { control, type ControlCommand } from "../server/control";
import { takeDown } from "./down";
import { sandboxExports } from "./exports";
import { layoutOf, type Layout, type SandboxNode } from "./layout";
import { bringUp } from "./up";
import type { StartState } from "./start-state";

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
