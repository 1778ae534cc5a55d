import * as z from "zod";
import { neighbourFrom, type Neighbour } from "../../site/policies/neighbours";
import type { LoadedEnvironment, Site } from "../project/site";
import { defineCommand } from "./frame/command";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { type Failure, failureOf } from "../clients/failure";
import type { Lines } from "../terminal/talk";
import { bold, dim } from "../terminal/text";
import { type EnvironmentStatus, inspectStatus } from "../inspect/status/environment-status";
import { groupBy } from "../machine/group-by";
import { inspectState, stateProblems } from "../inspect/status/state-status";
import { isInOrder, type StatusSummary, summarize } from "../inspect/status/status-summary";
import { printEnvironment, printProblem, printSummary } from "../inspect/status/status-page";
import type { CommandContext } from "../project/context";

/** An environment that could not be looked at. */
interface UnknownStatus {
  name: string;
  failure: Failure;
}

interface SiteStatus {
  found: EnvironmentStatus[];
  unknown: UnknownStatus[];
}

export const command = defineCommand({
  description:
    "The page to look at every morning: for each guest its newest backup, how old and how large it is, what the last run of the job said, when the next one is due, how full the storage is, what is not covered, where the state is and how old its copies are. Save points do not count as backups. Ends with 3 when something needs you, so that a timer can watch it.",
  examples: [
    { command: "lifeboat status", meaning: "every environment" },
    { command: "lifeboat status prod", meaning: "one environment" },
    {
      command: "lifeboat status --json | jq '.environments[].guests[] | select(.problems != [])'",
      meaning: "for scripts",
    },
  ],
  arguments: [{ name: "environment", description: "only this one (prod for Pulumi.prod.yaml)", required: false }],
  input: z.object({ environment: z.string().optional() }),
  aim: ({ environment }) => (environment === undefined ? "show the status" : `show the status of ${environment}`),
  run: async ({ environment }, context) => {
    const { found, unknown } = await inspectAll(await context.site(), environment, context);
    const names = unknown.map(({ name }) => name);
    const summary = summarize(found, names);
    const exitCode = exitCodeOf(found, unknown, summary);
    const value = { ok: exitCode === exitCodes.done, exitCode, summary, ...asJson(found, unknown) };
    context.output.result(value, (lines) => {
      for (const status of found) printEnvironment(status, lines);
      for (const { name, failure } of unknown) printUnknown(name, failure, lines);
      printSummary(summary, lines);
    });
    return exitCode;
  },
});

async function inspectAll(site: Site, only: string | undefined, context: CommandContext): Promise<SiteStatus> {
  const all = site.environments();
  const chosen = only === undefined ? all.usable : [site.environment(only)];
  const known = knownGuests(all.usable);
  const neighbours = all.usable.map(({ name, settings }) => neighbourFrom(name, settings));
  const unusable = (only === undefined ? all.unusable : []).map(({ name, error }) => ({
    name,
    failure: failureOf(error, "use the settings"),
  }));
  const looks = await context.progress.step(titleOf(chosen), () =>
    Promise.all(chosen.map((environment) => inspectOne(environment, { site, known, neighbours }, context))),
  );
  return {
    found: looks.flatMap((look) => ("failure" in look ? [] : [look])),
    unknown: [...unusable, ...looks.flatMap((look) => ("failure" in look ? [look] : []))],
  };
}

function titleOf(environments: readonly LoadedEnvironment[]): string {
  const [first, ...others] = environments;
  if (first === undefined) return "look at the settings";
  return others.length === 0
    ? `look at ${first.name} (${first.settings.proxmox.endpoint})`
    : `look at ${environments.map(({ name }) => name).join(", ")}`;
}

/** What an environment is looked at with. */
interface Surroundings {
  readonly site: Site;
  readonly known: ReadonlyMap<string, ReadonlySet<number>>;
  readonly neighbours: readonly Neighbour[];
}

/** An environment that cannot be looked at does not keep the others from being shown. */
async function inspectOne(
  environment: LoadedEnvironment,
  { site, known, neighbours }: Surroundings,
  context: CommandContext,
): Promise<EnvironmentStatus | UnknownStatus> {
  try {
    const here = known.get(environment.settings.proxmox.endpoint) ?? new Set();
    const others = neighbours.filter(({ name }) => name !== environment.name);
    const [status, state] = await Promise.all([
      inspectStatus(environment, here, others),
      inspectState(environment, site, context),
    ]);
    if (state === undefined) return status;
    const schedule = environment.stateStore()?.store.copies.offsite?.schedule;
    const problems = stateProblems(environment.name, state, schedule, Date.now() / 1_000);
    return { ...status, state, problems: [...status.problems, ...problems] };
  } catch (error) {
    const failure = failureOf(error, `look at ${environment.name}`);
    if (failure.stack !== undefined) throw error;
    return { name: environment.name, failure };
  }
}

/** Ids of all guests in the settings, by endpoint: two environments may share a node. */
function knownGuests(environments: readonly LoadedEnvironment[]): Map<string, Set<number>> {
  const byEndpoint = groupBy(environments, ({ settings }) => settings.proxmox.endpoint);
  return new Map(
    [...byEndpoint].map(([endpoint, group]) => [
      endpoint,
      new Set(group.flatMap(({ settings }) => settings.guests.map((guest) => guest.id))),
    ]),
  );
}

/** What could not be looked at decides only when nothing could: with one node down, the others' answer still counts. */
function exitCodeOf(
  found: readonly EnvironmentStatus[],
  unknown: readonly UnknownStatus[],
  summary: StatusSummary,
): ExitCode {
  const [first] = unknown;
  if (first !== undefined && found.length === 0) return first.failure.exitCode;
  return isInOrder(summary) ? exitCodes.done : exitCodes.partly;
}

function asJson(found: readonly EnvironmentStatus[], unknown: readonly UnknownStatus[]): Record<string, unknown> {
  return {
    environments: found.map(withNulls),
    unknown: unknown.map(({ name, failure: { message, hint, exitCode } }) => ({ name, exitCode, message, hint })),
  };
}

/** Every member is always there: what is not known is null. */
function withNulls(status: EnvironmentStatus): unknown {
  return JSON.parse(JSON.stringify(status, (_key, value: unknown) => value ?? null));
}

function printUnknown(name: string, { message, hint }: Failure, lines: Lines): void {
  lines.line(bold(name));
  printProblem(message, lines);
  if (hint !== undefined) lines.hanging(["    ", dim("→ ")], hint, dim);
  lines.line();
}
