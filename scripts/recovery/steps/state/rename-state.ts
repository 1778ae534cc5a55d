import { join } from "node:path";
import type { NodeMapping } from "../../../../site/replaced-node/node-mapping";
import { renameInState } from "../../../../site/replaced-node/state-changes";
import type { PulumiCli, Watch } from "../../../clients/pulumi-cli/pulumi-cli";
import { makePrivateFolder, writeDurably } from "../../../machine/durable-file";
import type { StepResult } from "../../engine/step";

interface Renaming {
  readonly mapping: NodeMapping;
  /** Node of the environment by its settings. */
  readonly node: string;
  /** Folder in which the state is kept as it was. */
  readonly keep: string;
}

/**
 * Imports the state with the new names, unless it has them already.
 *
 * @throws PulumiFailure
 */
export async function renameState(
  cli: Pick<PulumiCli, "exportState" | "importState">,
  { mapping, node, keep }: Renaming,
  watch: Watch,
): Promise<StepResult> {
  const state = await cli.exportState(watch.signal);
  const recorded = state.deployment["resources"];
  const { resources, changed } = renameInState(Array.isArray(recorded) ? recorded : [], mapping, node);
  if (changed.length === 0) return { facts: { renamed: 0 } };
  const kept = join(keep, "renamed", `${new Date().toISOString().replace(/[-:.]/gu, "")}.json`);
  makePrivateFolder(join(keep, "renamed"));
  writeDurably(kept, JSON.stringify(state));
  await cli.importState({ ...state, deployment: { ...state.deployment, resources } }, watch);
  const text = `${String(changed.length)} resources have the new names in Pulumi's state; the one before is kept as ${kept}`;
  return { facts: { renamed: changed.length, kept }, findings: [{ severity: "note", text }] };
}
