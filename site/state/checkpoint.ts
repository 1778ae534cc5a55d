import * as z from "zod";
import { twoReadings } from "./one-reading";

/**
 * Pulumi's checkpoint: what a stack's object in a backend holds. Read tolerantly: a newer Pulumi adds members, and nobody
 * here writes a checkpoint from what was read. Source: pulumi `sdk/go/common/apitype/core.go`.
 */

/** Versions that are understood. 4 is 3 with features that an older Pulumi must refuse. */
const versions: readonly number[] = [3, 4];

const urnList = z.array(z.string()).nullish();

const resourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().nullish(),
  id: z.string().nullish(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
  parent: z.string().nullish(),
  provider: z.string().nullish(),
  dependencies: urnList,
  propertyDependencies: z.record(z.string(), urnList).nullish(),
  deletedWith: z.string().nullish(),
  delete: z.boolean().nullish(),
  retainOnDelete: z.boolean().nullish(),
  pendingReplacement: z.boolean().nullish(),
  viewOf: z.string().nullish(),
  resourceHooks: z.unknown().optional(),
  envVarMappings: z.unknown().optional(),
});

const operationSchema = z.object({
  resource: resourceSchema.extend({ type: z.string().nullish() }),
  type: z.string(),
});

const deploymentSchema = z.object({
  manifest: z
    .object({ time: z.string().nullish(), magic: z.string().nullish(), version: z.string().nullish() })
    .nullish(),
  secrets_providers: z.object({ type: z.string().nullish(), state: z.unknown() }).nullish(),
  resources: z.array(resourceSchema).nullish(),
  pending_operations: z.array(operationSchema).nullish(),
});

const envelopeSchema = z.object({ version: z.number(), features: z.array(z.string()).nullish() });

const checkpointSchema = z.object({
  checkpoint: z.object({ stack: z.string(), latest: deploymentSchema.nullish() }),
});

const exportSchema = z.object({ deployment: z.unknown() });

/** What is read by its name, here or by Pulumi before that: nobody writes another case of one beside it. */
const memberNames: ReadonlySet<string> = new Set([
  ...[envelopeSchema, checkpointSchema, exportSchema, deploymentSchema, operationSchema, resourceSchema].flatMap(
    (schema) => Object.keys(schema.shape),
  ),
  ..."stack latest time magic state metadata external protect".split(" "),
]);

export type StateResource = z.infer<typeof resourceSchema>;

/** Something that was under way when the state was written: how it ended in the real world is unknown. */
export interface PendingOperation {
  readonly urn: string;
  /** `creating`, `updating`, `deleting`, `reading`, `importing` */
  readonly type: string;
}

/** What keeps the secrets of a state. */
export type SecretsKeeper =
  /** A state without a provider holds no secrets. */
  | { readonly kind: "none" }
  | { readonly kind: "passphrase"; readonly salt: string }
  /** A service outside, such as `cloud` (a key management service). */
  | { readonly kind: "other"; readonly type: string };

/** A stack's state. */
export interface Checkpoint {
  readonly version: number;
  /** `organization/<project>/<stack>` */
  readonly stack: string;
  /** Empty where the stack was only just made. */
  readonly resources: readonly StateResource[];
  readonly pending: readonly PendingOperation[];
  /** What these were working on: it may not be among the resources. */
  readonly pendingResources: readonly StateResource[];
  readonly keeper: SecretsKeeper;
  readonly manifest: { readonly time: string | undefined; readonly magic: string | undefined; readonly pulumi: string };
}

/** Not a checkpoint that can be used. */
export class UnreadableCheckpoint extends Error {
  override readonly name = "UnreadableCheckpoint";
}

/** @param text the content, unpacked. @throws UnreadableCheckpoint */
export function parseCheckpoint(text: string): Checkpoint {
  const value = parseJson(text);
  const doubt = twoReadings(text, value, memberNames);
  if (doubt !== undefined) throw new UnreadableCheckpoint(doubt);
  const { version } = shaped(envelopeSchema, value);
  const made = version === 0 ? justMade.safeParse(value) : undefined;
  if (made?.success === true) return emptyOf(made.data.checkpoint.stack);
  if (!versions.includes(version)) {
    const which = version > 4 ? "newer than this Lifeboat reads" : "older than Lifeboat reads (pulumi up renews it)";
    throw new UnreadableCheckpoint(`it is of version ${String(version)}, ${which}`);
  }
  const { stack, latest } = shaped(checkpointSchema, value).checkpoint;
  const operations = latest?.pending_operations ?? [];
  return {
    version,
    stack,
    resources: latest?.resources ?? [],
    pending: operations.map(({ resource, type }) => ({ urn: resource.urn, type })),
    pendingResources: operations.map(({ resource }) => ({ ...resource, type: resource.type ?? "" })),
    keeper: keeperOf(latest?.secrets_providers),
    manifest: {
      time: latest?.manifest?.time ?? undefined,
      magic: latest?.manifest?.magic ?? undefined,
      pulumi: latest?.manifest?.version ?? "",
    },
  };
}

/** What `pulumi stack init` writes first: a checkpoint of version 0 without a state. */
const justMade = z.object({ checkpoint: z.object({ stack: z.string(), latest: z.null().optional() }) });

function emptyOf(stack: string): Checkpoint {
  const manifest = { time: undefined, magic: undefined, pulumi: "" };
  return { version: 0, stack, resources: [], pending: [], pendingResources: [], keeper: { kind: "none" }, manifest };
}

/**
 * What `pulumi stack import` takes, made of a checkpoint: `stack export` prints this form, and a backend keeps the other.
 * Members that are unknown here are kept.
 *
 * @throws UnreadableCheckpoint
 */
export function exportOf(text: string): string {
  const value = parseJson(text);
  const { version, features } = shaped(envelopeSchema, value);
  const { checkpoint } = shaped(z.object({ checkpoint: z.object({ latest: z.unknown() }) }), value);
  return JSON.stringify({ version, ...(features ? { features } : {}), deployment: checkpoint.latest ?? {} });
}

/**
 * The checkpoint of a stack, made of what `pulumi stack export` printed.
 *
 * @param stack `organization/<project>/<stack>`
 * @throws UnreadableCheckpoint
 */
export function checkpointOf(exported: string, stack: string): string {
  const value = parseJson(exported);
  const { version, features } = shaped(envelopeSchema, value);
  const { deployment } = shaped(exportSchema, value);
  return JSON.stringify({ version, ...(features ? { features } : {}), checkpoint: { stack, latest: deployment } });
}

/**
 * A checkpoint with the operations that were under way in another one of the same stack: `pulumi stack migrate` drops them.
 * What is secret in them stays sealed, so both have to have the same salt.
 *
 * @throws UnreadableCheckpoint
 */
export function withPendingOf(copy: string, original: string): string {
  const value = shaped(latestSchema, parseJson(copy));
  const { latest } = shaped(latestSchema, parseJson(original)).checkpoint;
  const kept = { ...value.checkpoint.latest, pending_operations: latest["pending_operations"] };
  return JSON.stringify({ ...value, checkpoint: { ...value.checkpoint, latest: kept } });
}

const latestSchema = z.looseObject({ checkpoint: z.looseObject({ latest: z.record(z.string(), z.unknown()) }) });

function keeperOf(providers: z.infer<typeof deploymentSchema>["secrets_providers"]): SecretsKeeper {
  const type = providers?.type ?? "";
  if (type === "") return { kind: "none" };
  if (type !== "passphrase") return { kind: "other", type };
  const state = z.object({ salt: z.string() }).safeParse(providers?.state);
  if (!state.success) throw new UnreadableCheckpoint("its secrets are kept by a passphrase, and there is no salt");
  return { kind: "passphrase", salt: state.data.salt };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The message of the parser shows a piece of the text, which may be anything.
    throw new UnreadableCheckpoint(text === "" ? "it is empty" : "it is not JSON, or cut off");
  }
}

function shaped<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UnreadableCheckpoint(`${issue?.path.join(".") || "it"}: ${issue?.message ?? "unknown form"}`);
}
