import { join } from "node:path";
import * as z from "zod";
import { nodesOf } from "../../../../site/needs";
import { isNewNode, type NodeMapping } from "../../../../site/replaced-node/node-mapping";
import { type Home, renameInState } from "../../../../site/replaced-node/state-changes";
import { type Checkpoint, checkpointOf, parseCheckpoint } from "../../../../site/state/checkpoint";
import { ownAddresses } from "../../../../site/state/own-addresses";
import { qualifiedName } from "../../../../site/state/state-keys";
import type { PulumiCli, Watch } from "../../../clients/pulumi-cli/pulumi-cli";
import { makePrivateFolder, writeDurably } from "../../../machine/durable-file";
import type { LoadedEnvironment } from "../../../project/environment";
import type { StepResult } from "../../engine/step";
import { requireOwnParts } from "./own-parts";

/** As much of an exported resource as has names in it; everything else is kept. */
const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().nullish(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});

const resourcesSchema = z.array(resourceSchema).nullish();

interface Renaming {
  readonly mapping: NodeMapping;
  readonly environment: LoadedEnvironment;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Folder in which the state is kept as it was. */
  readonly keep: string;
}

/**
 * Imports the state with the new names, unless it has them already. It is held against the settings when it has them: what else is
 * in it has to be the program's own, as in every state (N2).
 *
 * @throws PulumiFailure; CommandError (13) for a state with parts that the program never makes
 */
export async function renameState(
  cli: Pick<PulumiCli, "exportState" | "importState">,
  { mapping, environment, variables, keep }: Renaming,
  watch: Watch,
): Promise<StepResult> {
  const state = await cli.exportState(watch.signal);
  const recorded = resourcesSchema.parse(state.deployment["resources"]) ?? [];
  const { resources, changed } = renameInState(recorded, mapping, homeOf(environment));
  if (changed.length === 0) return { facts: { renamed: 0 } };
  const next = { ...state, deployment: { ...state.deployment, resources: [...resources] } };
  const place = { project: environment.project.name, stack: environment.name };
  const own = { place, addresses: ownAddresses(environment.settings), variables };
  const checkpoint = parseCheckpoint(checkpointOf(JSON.stringify(next), qualifiedName(place)));
  requireOwnParts(own, checkpoint, `the state of ${environment.name}`);
  const kept = join(keep, "renamed", `${new Date().toISOString().replace(/[-:.]/gu, "")}.json`);
  makePrivateFolder(join(keep, "renamed"));
  writeDurably(kept, JSON.stringify(state));
  await cli.importState(next, watch);
  const count = changed.length === 1 ? "1 resource has" : `${String(changed.length)} resources have`;
  const text = `${count} the new names in Pulumi's state of ${environment.name}; the one before is kept as ${kept}`;
  return { facts: { renamed: changed.length, kept }, findings: [{ severity: "note", text }] };
}

/** A state as it is with the new names: what is said of it then counts. */
export function withNewNames(
  checkpoint: Checkpoint,
  environment: LoadedEnvironment,
  mapping: NodeMapping | undefined,
): Checkpoint {
  if (mapping === undefined) return checkpoint;
  return { ...checkpoint, resources: renameInState(checkpoint.resources, mapping, homeOf(environment)).resources };
}

/** Whether the node of an environment, or of one of its guests, stands in for another one. */
export function isRenamed(
  { settings }: Pick<LoadedEnvironment, "settings">,
  mapping: NodeMapping | undefined,
): boolean {
  return mapping !== undefined && nodesOf(settings).some((node) => isNewNode(mapping, node));
}

function homeOf({ settings: { proxmox } }: LoadedEnvironment): Home {
  return { node: proxmox.node, endpoint: proxmox.endpoint };
}
