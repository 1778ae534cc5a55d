import { endOfLooks } from "../../terminal/progress";
import { type Failure, failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import { readProofs } from "../../recovery/drill/history";
import { stateOf } from "../../recovery/engine/session";
import type { LoadedEnvironment, Site } from "../../project/site";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { type ValueOf, withNulls } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { kitProblems } from "../kit-record/kit-record";
import { dataProblems, type DataStatus, inspectDataOf } from "./data-status";
import { type EnvironmentStatus, environmentStatus } from "./environment-status";
import type { GuestStatus } from "./guest-status";
import type { statusShape } from "./shape";
import { inspectMonitoring, monitoringProblems } from "./monitoring-status";
import { inspectOffsite, offsiteProblems } from "./offsite-status";
import { inspectState, stateProblems } from "./state-status";
import { printEnvironment, printProblem, printSummary, printUnknown } from "./status-page";
import { isInOrder, type StatusSummary, summarize } from "./status-summary";
import { surroundingOf, type Surroundings, surroundingsOf } from "./surroundings";
import {
  inspectJournals,
  type JournalStatus,
  unreadableBatches,
  type UnreadableFile,
  unreadableProblem,
} from "./unfinished";

/** An environment whose nodes could not be asked. */
export interface UnknownStatus extends JournalStatus {
  name: string;
  failure: Failure;
}

/** How the guests of one environment are backed up, or of all. @throws CommandError (2) */
export async function inspectStatus(
  site: Site,
  only: string | undefined,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof statusShape>>> {
  const all = site.environments();
  const chosen = only === undefined ? all.usable : [site.environment(only)];
  const surroundings = surroundingsOf(site, all.usable);
  const statuses = await context.progress.step(
    titleOf(chosen),
    () => Promise.all(chosen.map((environment) => inspectOne(environment, surroundings, context))),
    (found) => endOfLooks(found, (status) => "failure" in status),
  );
  const unusable = (only === undefined ? all.unusable : []).map(({ name, error }) => ({
    name,
    failure: failureOf(error, "use the settings"),
    // Where its journals are follows from the settings.
    unfinished: [],
    unreadable: [],
  }));
  const [first] = all.usable;
  const batches = first === undefined ? [] : unreadableBatches(first, context);
  const found = statuses.flatMap((status) => ("failure" in status ? [] : [status]));
  const unknown = [...unusable, ...statuses.flatMap((status) => ("failure" in status ? [status] : []))];
  return inspectionOf(found, unknown, batches);
}

function inspectionOf(
  found: readonly EnvironmentStatus[],
  unknown: readonly UnknownStatus[],
  batches: readonly UnreadableFile[],
): Inspection<ValueOf<typeof statusShape>> {
  const summary = summarize(
    found,
    unknown.map(({ name }) => name),
    batches.length,
  );
  const exitCode = exitCodeOf(found, unknown, summary);
  return {
    value: {
      ok: exitCode === exitCodes.done,
      exitCode,
      summary,
      environments: found.map(({ state, monitoring, offsite, data, ...status }) => ({
        ...withNulls(status),
        ...(data === undefined ? {} : { data }),
        ...(offsite === undefined ? {} : { offsite: withNulls(offsite) }),
        ...(monitoring === undefined ? {} : { monitoring: withNulls(monitoring) }),
        ...(state === undefined ? {} : { state: withNulls(state) }),
      })),
      unknown: unknown.map(({ name, failure, unfinished, unreadable }) => ({
        name,
        exitCode: failure.exitCode,
        message: failure.message,
        hint: failure.hint,
        ...withNulls({ unfinished, unreadable }),
      })),
      unreadable: withNulls([...batches]),
    },
    print: (lines) => {
      for (const status of found) printEnvironment(status, lines);
      for (const status of unknown) printUnknown(status, lines);
      for (const batch of batches) printProblem(unreadableProblem(batch), lines);
      printSummary(summary, lines);
    },
    exitCode,
  };
}

function titleOf(environments: readonly LoadedEnvironment[]): string {
  const [first, ...others] = environments;
  if (first === undefined) return "look at the settings";
  return others.length === 0
    ? `look at ${first.name} (${first.settings.proxmox.endpoint})`
    : `look at ${environments.map(({ name }) => name).join(", ")}`;
}

/** An environment that does not answer does not keep the others from being shown. */
async function inspectOne(
  environment: LoadedEnvironment,
  surroundings: Surroundings,
  context: CommandContext,
): Promise<EnvironmentStatus | UnknownStatus> {
  const journals = inspectJournals(environment, context);
  const proofs = readProofs(stateOf(environment, context).path);
  try {
    const { here, others } = surroundingOf(environment, surroundings);
    const [seen, state, offsite] = await Promise.all([
      environmentStatus(environment, here, others, { journals, proofs }),
      inspectState(environment, surroundings.site, context),
      inspectOffsite(environment, context),
    ]);
    const [monitoring, data] = await Promise.all([
      inspectMonitoring(environment, seen.guests, context),
      inspectDataOf(environment, seen.guests, context),
    ]);
    const status = data === undefined ? seen : { ...seen, data, guests: withDataProblems(seen.guests, data) };
    const watched = { ...(monitoring && { monitoring }), ...(offsite && { offsite }) };
    const unwatched = [
      ...(monitoring === undefined ? [] : monitoringProblems(monitoring)),
      ...(offsite === undefined ? [] : offsiteProblems(environment.settings, offsite, status)),
      ...kitProblems(environment, surroundings.site),
    ];
    if (state === undefined) return { ...status, ...watched, problems: [...status.problems, ...unwatched] };
    const store = environment.stateStore()?.store;
    const found = stateProblems(environment.name, state, store?.copies.offsite?.schedule, Date.now() / 1_000);
    const problems = [...status.problems, ...found, ...unwatched];
    // Without a store there is nothing to be told of a state with which nothing is wrong.
    const whole = { ...status, ...watched, problems };
    return store === undefined ? whole : { ...whole, state };
  } catch (error) {
    const failure = failureOf(error, `look at ${environment.name}`);
    if (failure.stack !== undefined) throw error;
    return { name: environment.name, failure, ...journals };
  }
}

function withDataProblems(guests: readonly GuestStatus[], data: readonly DataStatus[]): GuestStatus[] {
  return guests.map((guest) => ({ ...guest, problems: [...guest.problems, ...dataProblems(data, guest.name)] }));
}

/** What could not be asked decides only when nothing could: with one node down, the others' answer still counts. */
function exitCodeOf(
  found: readonly EnvironmentStatus[],
  unknown: readonly UnknownStatus[],
  summary: StatusSummary,
): ExitCode {
  const [first] = unknown;
  if (first !== undefined && found.length === 0) return first.failure.exitCode;
  return isInOrder(summary) ? exitCodes.done : exitCodes.partly;
}
