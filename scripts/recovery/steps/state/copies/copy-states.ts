import { endOfLooks } from "../../../../terminal/progress";
import { type Failure, failureOf } from "../../../../clients/failure";
import { ownAddresses } from "../../../../../site/state/own-addresses";
import type { LoadedEnvironment } from "../../../../project/site";
import { openStateBackend } from "../../../../project/state-backend";
import { StateFolder } from "../../../engine/state-folder";
import { lastSeen, rememberSeen } from "../seen-state";
import type { Finding } from "../../../engine/step";
import { historyFindings } from "../send-objects";
import { type CopyPlace, folderOfSettings } from "./copy-places";
import { type CopyJob, type CopyResult, copyState } from "./copy-state";
import type { CommandContext } from "../../../../project/context";

/** What became of the copy of one environment's state. */
export interface EnvironmentCopy {
  readonly environment: string;
  /** What was copied; undefined where it could not be opened. */
  readonly from: string | undefined;
  readonly result: CopyResult | { readonly kind: "failed"; readonly failure: Failure };
}

/**
 * Copies the states of environments, one after the other, from where each of them lives. One that fails leaves the others
 * going.
 *
 * @throws what nobody planned, and the signal's reason after Ctrl-C.
 */
export async function copyStates(
  environments: readonly LoadedEnvironment[],
  to: CopyPlace,
  context: CommandContext,
  dryRun = false,
): Promise<EnvironmentCopy[]> {
  const copies: EnvironmentCopy[] = [];
  for (const environment of environments) {
    const title = dryRun ? `Look at the state of ${environment.name}` : `Copy the state of ${environment.name}`;
    copies.push(
      await context.progress.step(
        title,
        (update) => copyOf(environment, to, context, { dryRun, progress: update }),
        ({ result: { kind } }) => endOfLooks([kind], (one) => one === "failed" || one === "kept"),
      ),
    );
    context.signal.throwIfAborted();
  }
  return copies;
}

async function copyOf(
  environment: LoadedEnvironment,
  to: CopyPlace,
  { io, signal }: CommandContext,
  rest: Pick<CopyJob, "dryRun" | "progress">,
): Promise<EnvironmentCopy> {
  const { name, project, settings } = environment;
  let from: string | undefined;
  try {
    const { backend, store } = await openStateBackend(environment, io.environment, { signal });
    from = store.place;
    const place = { project: project.name, stack: name };
    const now = Date.now();
    const isStores = backend.origin === "state store";
    const folder = new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, io.environment);
    const seen = isStores ? lastSeen(folder) : undefined;
    const { environment: variables } = io;
    const addresses = ownAddresses(settings);
    const job = { place, addresses, variables, source: store, target: to.of(name), seen, now, signal, ...rest };
    const result = await copyState(job);
    if (result.kind === "copied" && isStores) rememberSeen(folder, result.seen, result.marker.checkpoint.sha256);
    return { environment: name, from, result };
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error, `copy the state of ${name}`);
    if (failure.stack !== undefined) throw error;
    return { environment: name, from, result: { kind: "failed", failure } };
  }
}

/** Whether the present state and the history of every environment are in the copy now, where it has one. */
export function allCopied(copies: readonly EnvironmentCopy[]): boolean {
  return copies.every(
    ({ result }) =>
      result.kind === "empty" ||
      (result.kind === "planned" && result.differing.length === 0) ||
      (result.kind === "copied" && result.differing.length + result.unreadable.length === 0),
  );
}

/**
 * Copies states to the folder of the settings, as the end of another operation. What fails undoes nothing of it and is a problem: until
 * somebody copies it, that state is lost with its store.
 */
export async function copyFindings(
  environments: readonly LoadedEnvironment[],
  context: CommandContext,
): Promise<Finding[]> {
  const site = await context.site();
  const { environment: variables, workingDirectory } = context.io;
  const to = folderOfSettings({ site, variables, workingDirectory });
  const copies = await copyStates(environments, to, context);
  return copies.flatMap(({ environment, from, result }): Finding[] => {
    const mend = `lifeboat backup state ${environment}`;
    if (result.kind === "failed") return [{ severity: "problem", text: result.failure.message, mend }];
    if (result.kind === "kept")
      return [{ severity: "problem", text: `the state of ${environment} is not copied: ${result.why}`, mend }];
    if (result.kind === "copied") return historyFindings(result, { place: from ?? "" }, { place: to.name });
    return [];
  });
}
