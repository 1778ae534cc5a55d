import { endOfLooks } from "../../terminal/progress";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import { printDocument, type DocumentFormat } from "../../terminal/document/formats";
import { exitCodes } from "../../terminal/exit-codes";
import type { Inspection } from "../inspection";
import { surroundingsOf } from "../status/surroundings";
import { inventoryOf } from "./environment-inventory";
import type { Inventory } from "./inventory";
import { inventoryPage } from "./inventory-page";
import { unknownOf } from "./unknown";

export interface InventoryRequest {
  /** Names of environments; none: all of them. */
  readonly environments: readonly string[];
  readonly format: DocumentFormat;
}

/**
 * What is backed up where, from the settings and from what is really there. Read only. What nobody could look at is said as that,
 * and ends with 3. @throws CommandError (2) for an environment that is none
 */
export async function inspectInventory(
  site: Site,
  { environments, format }: InventoryRequest,
  context: CommandContext,
): Promise<Inspection<Inventory>> {
  const inventory = await takeInventory(site, environments, context);
  return {
    value: inventory,
    print: (lines) => printDocument(inventoryPage(inventory), format, lines),
    exitCode: inventory.ok ? exitCodes.done : exitCodes.partly,
  };
}

/** @param names none: every environment */
async function takeInventory(site: Site, names: readonly string[], context: CommandContext): Promise<Inventory> {
  const all = site.environments();
  const named = [...new Set(names)].map((name) => site.environment(name));
  const chosen = named.length === 0 ? all.usable : named;
  const surroundings = surroundingsOf(site, all.usable);
  const looked = await context.progress.step(
    `look at ${chosen.map(({ name }) => name).join(", ")}`,
    () => Promise.all(chosen.map((environment) => inventoryOf(environment, surroundings, context))),
    (found) => endOfLooks(found, (one) => unknownOf(one).length > 0),
  );
  const unusable = (named.length === 0 ? all.unusable : []).map(({ name, error }) => ({
    name,
    message: failureOf(error, undefined).reason,
  }));
  const unknown = [
    ...unusable.map(({ name, message }) => `${name}: its settings are wrong: ${message}`),
    ...looked.flatMap(unknownOf),
  ];
  const exitCode = unknown.length === 0 ? exitCodes.done : exitCodes.partly;
  return {
    ok: unknown.length === 0,
    exitCode,
    project: site.name,
    madeAt: new Date().toISOString(),
    unknown,
    environments: looked,
    unusable,
  };
}
