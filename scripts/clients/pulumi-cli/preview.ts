import * as z from "zod";
import { plainLines, plainText } from "../../../proxmox/api/plain-text";
import type { ProgramResult } from "../run-program";
import { type Loss, lossesOf, oldStateSchema, placeOf } from "./losses";

/** One resource in which Pulumi's state and the real world, or the program, differ. */
export interface Difference {
  /** Name of the resource in the program. */
  resource: string;
  /** Pulumi's type, such as `proxmoxve:index/containerLegacy:ContainerLegacy`. */
  type: string;
  /** What `pulumi up` would do: `create`, `update`, `replace`, `delete`. */
  operation: string;
  /** Properties that differ, where Pulumi names them. */
  properties: readonly string[];
}

const stepSchema = z.object({
  op: z.string(),
  urn: z.string(),
  detailedDiff: z.record(z.string(), z.unknown()).nullish(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  oldState: oldStateSchema.nullish(),
});

const previewSchema = z.object({
  steps: z.array(stepSchema).default([]),
  diagnostics: z.array(z.object({ message: z.string(), severity: z.string() })).default([]),
  changeSummary: z.record(z.string(), z.number()).default({}),
});

type Preview = z.infer<typeof previewSchema>;

/** Changes by what is done: `{ create: 3 }`. What stays the same is not in it. */
export type Changes = Readonly<Record<string, number>>;

/** What `pulumi preview --json` printed. */
export interface ReadPreview {
  differences: Difference[];
  /** Resources that stay as they are. */
  same: number;
  /** What the program and Pulumi warned of, in order; each may have several lines. */
  warnings: string[];
  /** Why there is no preview, with every line that Pulumi or the program said about it; undefined when there is one. */
  failure: string | undefined;
}

/** The same with what somebody needs who acts on it. */
export interface CountedPreview extends ReadPreview {
  /** The differences as numbers. */
  changes: Changes;
  /** Those by which something is deleted. */
  losses: Loss[];
  /** Errors of the program and of resources, each with all its lines. */
  errors: string[];
}

/** Steps that change nothing. */
const quiet: ReadonlySet<string> = new Set(["same", "read", "refresh"]);

/** Steps of a replacement, which is counted as one by `replace`. */
const parts: ReadonlySet<string> = new Set(["create-replacement", "delete-replaced"]);

export function readPreview(result: ProgramResult): CountedPreview {
  const preview = parsePreview(result.stdout);
  const failed = result.code !== 0 || preview === undefined;
  const { steps = [], changeSummary = {} } = preview ?? {};
  return {
    differences: steps.filter((step) => !quiet.has(step.op)).map(differenceOf),
    changes: realChanges(changeSummary),
    losses: lossesOf(steps),
    same: changeSummary["same"] ?? 0,
    warnings: messages(preview, "warning"),
    errors: messages(preview, "error"),
    failure: failed ? failureOf(result, preview) : undefined,
  };
}

function realChanges(summary: Changes): Changes {
  return Object.fromEntries(
    Object.entries(summary).filter(([operation, count]) => count > 0 && !quiet.has(operation) && !parts.has(operation)),
  );
}

function parsePreview(stdout: string): Preview | undefined {
  try {
    const parsed = previewSchema.safeParse(JSON.parse(stdout));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function differenceOf({ op, urn, ...step }: z.infer<typeof stepSchema>): Difference {
  const detailed = Object.keys(step.detailedDiff ?? {});
  const forcing = op === "replace" ? (step.replaceReasons ?? []) : [];
  return {
    ...placeOf(urn),
    operation: op,
    properties: [forcing, detailed, step.diffReasons ?? []].find((names) => names.length > 0) ?? [],
  };
}

function failureOf(result: ProgramResult, preview: Preview | undefined): string {
  const told = messages(preview, "error");
  return told.length > 0 ? told.join("\n") : errorOf(result);
}

/** The line in which Pulumi says why it failed, or else its exit code. */
export function errorOf({ stderr, code }: ProgramResult): string {
  const lines = stderr.split("\n").map((line) => plainText(line));
  return lines.find((line) => line.startsWith("error:")) ?? `exit code ${String(code)}`;
}

function messages(preview: Preview | undefined, severity: "error" | "warning"): string[] {
  const found = preview?.diagnostics.filter((diagnostic) => diagnostic.severity === severity) ?? [];
  return found
    .map(({ message }) =>
      plainLines(message)
        .replace(/^(?:error|warning): /u, "")
        .trim(),
    )
    .filter((message) => message !== "" && message !== "preview failed");
}
