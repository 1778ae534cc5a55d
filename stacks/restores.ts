import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import { RestoreFlow } from "../components/restores/restore-flow";
import { changedText, restoreCommand, restoreFlowArguments } from "../site/arguments/restore-flow";
import { localCommandType, restoreFlowKind, urnOf } from "../site/resources";
import type { DeclaredRestore, Environment } from "../site/settings/environment";
import type { Recorded } from "./recorded";

/** From the folder of the program, in which Pulumi runs its plugins. Never to be changed: it is a part of every request. */
const program = "node ../dist/lifeboat.cjs";

/**
 * Looks at the restores of the settings before anything is registered: one that was carried out and is asked for otherwise now ends
 * the program, and a preview says which ones are to come.
 *
 * @throws pulumi.RunError
 */
export async function checkRestores(
  { name, restores }: Environment,
  { outputs, recordedUnread }: Recorded,
): Promise<void> {
  for (const restore of restores) {
    const command = restoreCommand(restore, { environment: name, program });
    const done = outputs[urnOfRestore(restore)]?.["create"];
    if (done !== undefined && done !== command) throw refuseChanged(name, restore.id, done);
    if (done !== undefined || !pulumi.runtime.isDryRun()) continue;
    const unless =
      recordedUnread === undefined ? "" : ", unless it was carried out already: the state could not be read";
    await pulumi.log.info(`Restore request ${restore.id} will be carried out by the update${unless}: ${command}`);
  }
}

function refuseChanged(stack: string, id: string, done: unknown): pulumi.RunError {
  const before = typeof done === "string" ? done : "what the state keeps secret";
  return refusal(`Unable to deploy ${stack}: ${changedText(id)}\nHINT: it was: ${before}`);
}

function urnOfRestore({ id }: DeclaredRestore): string {
  return urnOf({
    project: pulumi.getProject(),
    stack: pulumi.getStack(),
    types: [restoreFlowKind.component, localCommandType],
    name: restoreFlowKind.child(id),
  });
}

/**
 * Declares the restores of the settings, one after the other in the order of their ids: two of one guest would hold each other up.
 *
 * @param after what is declared before them
 */
export function declareRestores({ name, restores }: Environment, after: readonly pulumi.Resource[]): void {
  let before = after;
  for (const restore of restores) {
    const args = restoreFlowArguments(restore, { environment: name, program });
    before = [new RestoreFlow(restore.id, args, { dependsOn: [...before] })];
  }
}
