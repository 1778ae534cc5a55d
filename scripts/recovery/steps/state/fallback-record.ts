import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { localBackend } from "../../../project/backend";
import type { PulumiProject } from "../../../project/pulumi-project";
import { makePrivateFolder, writeDurably } from "../../../machine/durable-file";
import { hasCode } from "../../../machine/error-code";

type Variables = Readonly<Record<string, string | undefined>>;

const recordSchema = z.object({
  version: z.literal(1),
  environment: z.string(),
  /** When the state came to this machine, ISO 8601. */
  began: z.string(),
  /** Digest of what it held then: whether a side has moved is told by it. */
  base: z.string(),
  /** Where the copy was, for people. */
  from: z.string(),
});

/** That a state which belongs into the store lives on this machine for a while, and what it began with. */
export type FallbackRecord = z.infer<typeof recordSchema>;

/** Beside the backend on this machine: whoever keeps the state keeps this too. */
export function recordFile(project: PulumiProject, environment: string, variables: Variables): string {
  return join(dirname(localBackend(project, variables).folder), "fallback", `${environment}.json`);
}

/**
 * The record of a fallback; undefined when the environment is in none. One that was cut off still says that it is in one:
 * what it began with is then known to nobody, so that both states count as changed.
 *
 * @throws Error for one that may not be read
 */
export function readRecord(file: string): FallbackRecord | undefined {
  try {
    return parseRecord(readFileSync(file, "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function parseRecord(text: string): FallbackRecord {
  const unknown: FallbackRecord = { version: 1, environment: "", began: "", base: "", from: "" };
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? unknown;
  } catch {
    return unknown;
  }
}

export function writeRecord(file: string, record: Omit<FallbackRecord, "version">): void {
  makePrivateFolder(dirname(file));
  writeDurably(file, `${JSON.stringify({ version: 1, ...record }, undefined, 2)}\n`);
}

export function removeRecord(file: string): void {
  rmSync(file, { force: true });
}
