import * as z from "zod";
import { plainText } from "../../proxmox/api/plain-text";
import { type ProgramResult, ProgramMissing, runProgramFile } from "./run-program";

type Variables = Readonly<Record<string, string | undefined>>;

/** One resource in which Pulumi's state and the real world differ. */
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

/** What a comparison found, or why there was none and how to make it later. */
export type Comparison =
  { compared: true; differences: readonly Difference[] } | { compared: false; why: string; command: string };

export interface ComparisonOptions {
  /** Folder of `Pulumi.yaml`. */
  folder: string;
  stack: string;
  /** Environment of the `pulumi` process: the caller's with what `lifeboat env` exports. */
  variables: Variables;
  /** Milliseconds. Default three minutes: the provider reads every resource from the node. */
  timeout?: number;
  signal?: AbortSignal;
}

/**
 * Asks Pulumi what it would do to a stack after having looked at the real world. Changes nothing. Where it cannot run, a
 * restore stands nevertheless: the answer says why and names the command for later (D11).
 */
export async function comparePulumi(options: ComparisonOptions): Promise<Comparison> {
  const argv = ["preview", "--stack", options.stack, "--refresh", "--json", "--non-interactive"];
  const command = `pulumi preview --stack ${options.stack} --refresh`;
  const ran = await runPulumi(argv, options);
  return "why" in ran ? { compared: false, why: ran.why, command } : readPreview(ran.result, command);
}

/** Whether Pulumi's state was brought up to date; otherwise why not, and how to do it later. */
export type Refresh = { refreshed: true } | { refreshed: false; why: string; command: string };

/** Writes into Pulumi's state how one resource is in the real world. Nothing else of the stack is touched. */
export async function refreshPulumi(options: ComparisonOptions, urn: string): Promise<Refresh> {
  const command = `pulumi refresh --stack ${options.stack}`;
  const argv = ["refresh", "--stack", options.stack, "--target", urn, "--yes", "--skip-preview", "--non-interactive"];
  const ran = await runPulumi(argv, options);
  if ("why" in ran) return { refreshed: false, why: ran.why, command };
  const { result } = ran;
  if (result.timedOut) return { refreshed: false, why: "pulumi refresh took too long", command };
  if (result.code === 0) return { refreshed: true };
  return { refreshed: false, why: `pulumi refresh failed: ${reasonOf(result, undefined)}`, command };
}

async function runPulumi(
  argv: readonly string[],
  { folder, variables, timeout = 180_000, signal }: ComparisonOptions,
): Promise<{ result: ProgramResult } | { why: string }> {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: file } = variables;
  if (direct === undefined && (file === undefined || file === "")) {
    return { why: "no passphrase is set (PULUMI_CONFIG_PASSPHRASE_FILE)" };
  }
  try {
    const options = { environment: variables, workingDirectory: folder, timeout };
    return { result: await runProgramFile("pulumi", argv, signal === undefined ? options : { ...options, signal }) };
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    return { why: "the pulumi CLI is not installed here" };
  }
}

const previewSchema = z.object({
  steps: z
    .array(
      z.object({
        op: z.string(),
        urn: z.string(),
        detailedDiff: z.record(z.string(), z.unknown()).nullish(),
        diffReasons: z.array(z.string()).nullish(),
      }),
    )
    .default([]),
  diagnostics: z.array(z.object({ message: z.string(), severity: z.string() })).default([]),
});

/** Steps that change nothing. */
const quiet: ReadonlySet<string> = new Set(["same", "read", "refresh"]);

function readPreview(result: ProgramResult, command: string): Comparison {
  if (result.timedOut) return { compared: false, why: "pulumi preview took too long", command };
  const preview = parsePreview(result.stdout);
  if (result.code !== 0 || preview === undefined) {
    return { compared: false, why: `pulumi preview failed: ${reasonOf(result, preview)}`, command };
  }
  const differences = preview.steps.filter((step) => !quiet.has(step.op)).map(differenceOf);
  return { compared: true, differences };
}

function parsePreview(stdout: string): z.infer<typeof previewSchema> | undefined {
  try {
    const parsed = previewSchema.safeParse(JSON.parse(stdout));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function differenceOf(step: z.infer<typeof previewSchema>["steps"][number]): Difference {
  // urn:pulumi:<stack>::<project>::<types>::<name>
  const [, , types = "", name = ""] = step.urn.split("::");
  const properties = Object.keys(step.detailedDiff ?? {});
  return {
    resource: name,
    type: types.split("$").at(-1) ?? types,
    operation: step.op,
    properties: properties.length > 0 ? properties : (step.diffReasons ?? []),
  };
}

function reasonOf(result: ProgramResult, preview: z.infer<typeof previewSchema> | undefined): string {
  const told = preview?.diagnostics.find((diagnostic) => diagnostic.severity === "error")?.message;
  const last = result.stderr
    .split("\n")
    .map((line) => plainText(line))
    .find((line) => line.startsWith("error:"));
  return plainText(told ?? last ?? `exit code ${String(result.code)}`);
}
