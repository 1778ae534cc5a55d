import { isDeepStrictEqual } from "node:util";

/** Values as they are on the wire between engine and provider: JSON, where some objects and one text are special. */
export type Properties = Readonly<Record<string, unknown>>;

/** Stands for a value that is not known before something is created. From @pulumi/pulumi `runtime/rpc`. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

export function asRecord(value: unknown): Properties | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** Marks a value as a secret, so that it is encrypted in the state and hidden on the screen. */
export function secret(value: unknown): Properties {
  return { [signatureKey]: secretSignature, value };
}

/** The value without the marks of secrets, at any depth. */
export function reveal(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reveal);
  }
  const record = asRecord(value);
  if (!record) {
    return value;
  }
  if (record[signatureKey] === secretSignature) {
    return reveal(record["value"]);
  }
  return Object.fromEntries(Object.entries(record).map(([name, inner]) => [name, reveal(inner)]));
}

export function containsSecret(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.some(containsSecret);
  }
  const record = asRecord(value);
  return (
    record !== undefined && (record[signatureKey] === secretSignature || Object.values(record).some(containsSecret))
  );
}

/** Names of the properties that differ. Whether a value is a secret makes no difference. */
export function changedNames(olds: Properties, news: Properties): string[] {
  const names = new Set([...Object.keys(olds), ...Object.keys(news)]);
  return [...names].filter((name) => !isDeepStrictEqual(reveal(olds[name]), reveal(news[name]))).sort();
}

/** An asset or archive: something to be copied. */
export interface Source {
  readonly kind: "asset" | "archive";
  readonly path: string | undefined;
  readonly text: string | undefined;
}

export function readSource(value: unknown): Source | undefined {
  const record = asRecord(value);
  const signature = record?.[signatureKey];
  if (!record || (signature !== assetSignature && signature !== archiveSignature)) {
    return undefined;
  }
  const { path, text } = record;
  return {
    kind: signature === assetSignature ? "asset" : "archive",
    path: typeof path === "string" && path !== "" ? path : undefined,
    text: typeof text === "string" ? text : undefined,
  };
}
