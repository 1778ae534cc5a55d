import * as z from "zod";
import { resourceTypes } from "../../../site/resources";
import type { StateResource } from "../../../site/state/checkpoint";

/** What a resource was in the state before a step of a preview. Secrets in it are objects, and are not read. */
export const oldStateSchema = z.object({
  id: z.string().nullish(),
  inputs: z
    .object({
      name: z.unknown(),
      initialization: z.object({ hostname: z.unknown() }).partial().optional().catch(undefined),
    })
    .partial()
    .nullish()
    .catch(undefined),
});

/** A resource that an update deletes, or deletes and makes anew. */
export const lossSchema = z.strictObject({
  operation: z.enum(["delete", "replace"]),
  urn: z.string().describe("Pulumi's name for it"),
  id: z.string().nullable().describe("what is deleted, as the state says: of a guest its number; null of a component"),
  guest: z.string().nullable().describe("name of a guest, as the state says; null of what is none, or has no name"),
});

export type Loss = z.infer<typeof lossSchema>;

type OldState = z.infer<typeof oldStateSchema>;

/** A step of a preview. */
interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: OldState | null | undefined;
}

const replacing: ReadonlySet<string> = new Set(["replace", "import-replacement"]);
const deleting: ReadonlySet<string> = new Set(["delete", "delete-replaced"]);

/** Every deletion and replacement among the steps of a preview. Of a replacement Pulumi may say also what it deletes for it. */
export function lossesOf(steps: readonly PreviewStep[]): Loss[] {
  const lost = (operations: ReadonlySet<string>, operation: Loss["operation"]): Loss[] =>
    steps.filter(({ op }) => operations.has(op)).map(({ urn, oldState }) => lossOf(operation, urn, oldState));
  return distinct([...lost(replacing, "replace"), ...lost(deleting, "delete")]);
}

/**
 * The same with what a state holds for deletion, since an earlier replacement has not come so far: the next update deletes it
 * first, and no preview says so.
 */
export function withLeftOver(losses: readonly Loss[], resources: readonly StateResource[]): Loss[] {
  return distinct([
    ...losses,
    ...leftOverOf(resources).map((resource) => lossOf("delete", resource.urn, oldStateSchema.parse(resource))),
  ]);
}

/** What a state holds for deletion. */
export function leftOverOf(resources: readonly StateResource[]): StateResource[] {
  return resources.filter((resource) => resource.delete === true);
}

/** Name and type of a resource. */
export function placeOf(urn: string): { resource: string; type: string } {
  // urn:pulumi:<stack>::<project>::<types>::<name>
  const [, , types = "", ...name] = urn.split("::");
  return { resource: name.join("::"), type: types.split("$").at(-1) ?? types };
}

/** Whether a type's id is the number of a guest. */
export function isGuest(type: string): boolean {
  return type === resourceTypes.container || type === resourceTypes["virtual-machine"];
}

function lossOf(operation: Loss["operation"], urn: string, old: OldState | null | undefined): Loss {
  return { operation, urn, id: old?.id || null, guest: guestName(placeOf(urn).type, old?.inputs) };
}

function distinct(losses: readonly Loss[]): Loss[] {
  const key = ({ urn, id }: Loss): string => JSON.stringify([urn, id]);
  return losses.filter((loss, index) => losses.findIndex((other) => key(other) === key(loss)) === index);
}

function guestName(type: string, inputs: OldState["inputs"]): string | null {
  if (!isGuest(type)) return null;
  const name = type === resourceTypes.container ? inputs?.initialization?.hostname : inputs?.name;
  return typeof name === "string" ? name : null;
}
