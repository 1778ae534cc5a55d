import { pulumiLine } from "../../../site/plain-pulumi";
import { plainText } from "../../../proxmox/api/plain-text";
import type { OwnAddresses } from "../../../site/state/own-addresses";
import { type ProgramResult, ProgramMissing } from "../run-program";
import { placeOf } from "./losses";
import { type Difference, errorOf, type ReadPreview, readPreview } from "./preview";
import { lookAtOwn } from "./own-state";
import { missingCli, previewArguments, runPulumi } from "./run-pulumi";

type Variables = Readonly<Record<string, string | undefined>>;

export type { Difference };

/** What a comparison found, or why there was none and how to make it later. */
export type Comparison =
  { compared: true; differences: readonly Difference[] } | { compared: false; why: string; command: string };

export interface ComparisonOptions {
  /** Folder of `Pulumi.yaml`. */
  folder: string;
  /** Its name in Pulumi.yaml. */
  project: string;
  stack: string;
  /** By the settings of its environment. */
  addresses: OwnAddresses;
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
  const command = pulumiLine(options.stack, "preview --refresh");
  const ran = await tryPulumi(previewArguments(options.stack, true), options);
  return "why" in ran ? { compared: false, why: ran.why, command } : asComparison(ran, command);
}

/**
 * Asks Pulumi what it would do to a stack. Changes nothing, takes no lock, and writes nothing, so that read-only credentials
 * are enough, unless the backend is empty: Pulumi marks it as its own when it first opens it.
 */
export async function previewPulumi({
  refresh,
  ...options
}: ComparisonOptions & { refresh: boolean }): Promise<ReadPreview> {
  const ran = await tryPulumi(previewArguments(options.stack, refresh), options);
  if ("result" in ran && !ran.result.timedOut) return withDeletions(readPreview(ran.result), ran.leftOver);
  const failure = "why" in ran ? ran.why : "pulumi preview took too long";
  return { differences: [], same: 0, warnings: [], failure };
}

/** Whether Pulumi's state was brought up to date; otherwise why not, and how to do it later. */
export type Refresh = { refreshed: true } | { refreshed: false; why: string; command: string };

/** Writes into Pulumi's state how one resource is in the real world. Nothing else of the stack is touched. */
export async function refreshPulumi(options: ComparisonOptions, urn: string): Promise<Refresh> {
  const command = pulumiLine(options.stack, "refresh");
  const argv = ["refresh", "--stack", options.stack, "--target", urn, "--yes", "--skip-preview"];
  const ran = await tryPulumi(argv, options);
  if ("why" in ran) return { refreshed: false, why: ran.why, command };
  const { result } = ran;
  if (result.timedOut) return { refreshed: false, why: "pulumi refresh took too long", command };
  if (result.code === 0) return { refreshed: true };
  return { refreshed: false, why: `pulumi refresh failed: ${errorOf(result)}`, command };
}

/** What pulumi said, and what its state holds for deletion. */
interface Ran {
  readonly result: ProgramResult;
  readonly leftOver: readonly Pick<Difference, "resource" | "type">[];
}

/** No preview tells what an earlier replacement has left over, and the next update deletes it. */
function withDeletions(preview: ReadPreview, leftOver: Ran["leftOver"]): ReadPreview {
  const deletions = leftOver.map((place): Difference => ({ ...place, operation: "delete", properties: [] }));
  const told = leftOver.map(
    ({ resource }) => `${resource}: an earlier update has left one over in the state, and the next one deletes it`,
  );
  return {
    ...preview,
    differences: [...preview.differences, ...deletions],
    warnings: [...preview.warnings, ...told],
  };
}

async function tryPulumi(
  argv: readonly string[],
  { folder, project, stack, addresses, variables, timeout = 180_000, signal }: ComparisonOptions,
): Promise<Ran | { why: string }> {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: file } = variables;
  if (direct === undefined && (file === undefined || file === "")) {
    return { why: "no passphrase is set (PULUMI_CONFIG_PASSPHRASE_FILE)" };
  }
  try {
    const run = { folder, variables, timeout, ...(signal === undefined ? {} : { signal }) };
    const own = await lookAtOwn({ ...run, project, stack, addresses });
    if ("why" in own) return own;
    return { result: await runPulumi(argv, run), leftOver: own.leftOver.map(({ urn }) => placeOf(urn)) };
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    return { why: missingCli };
  }
}

function asComparison({ result, leftOver }: Ran, command: string): Comparison {
  if (result.timedOut) return { compared: false, why: "pulumi preview took too long", command };
  const { differences, failure } = withDeletions(readPreview(result), leftOver);
  if (failure === undefined) return { compared: true, differences };
  return { compared: false, why: `pulumi preview failed: ${plainText(failure)}`, command };
}
