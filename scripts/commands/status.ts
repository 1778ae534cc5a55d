import { z } from "zod";
import { formatMoment } from "../../site/restore/moments";
import type { LoadedEnvironment, Site } from "../project/site";
import { defineCommand } from "./frame/command";
import type { CommandContext } from "./frame/context";
import { formatAge, formatBytes, formatDuration } from "./frame/durations";
import { type ExitCode, exitCodes } from "./frame/exit-codes";
import { type Failure, failureOf } from "./frame/failure";
import type { Lines } from "./frame/talk";
import { dim, green, red, type Words, yellow } from "./frame/text";
import { type EnvironmentStatus, type GuestStatus, inspectStatus } from "./inspectors/environment-status";
import { groupBy } from "./inspectors/group-by";

/** An environment that could not be looked at. */
interface UnknownStatus {
  name: string;
  failure: Failure;
}

export const command = defineCommand({
  description:
    "Shows for each guest its newest backup, how old and how large it is, when the next one is due, and what is not covered. Save points do not count as backups. Ends with 3 when something is wrong, so that a timer can watch it.",
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
    const exitCode = exitCodeOf(found, unknown);
    context.output.result({ ok: exitCode === exitCodes.done, exitCode, ...asJson(found, unknown) }, (lines) => {
      for (const status of found) printEnvironment(status, lines);
      for (const { name, failure } of unknown) printUnknown(name, failure, lines);
    });
    context.talk.line(conclusion(found, unknown));
    return exitCode;
  },
});

async function inspectAll(
  site: Site,
  only: string | undefined,
  context: CommandContext,
): Promise<{ found: EnvironmentStatus[]; unknown: UnknownStatus[] }> {
  const all = site.environments();
  const chosen = only === undefined ? all.usable : [site.environment(only)];
  const known = knownGuests(all.usable);
  const found: EnvironmentStatus[] = [];
  const unknown = (only === undefined ? all.unusable : []).map(({ name, error }) => ({
    name,
    failure: failureOf(error, "use the settings"),
  }));
  for (const environment of chosen) {
    const { endpoint } = environment.settings.proxmox;
    try {
      const title = `look at ${environment.name} (${endpoint})`;
      found.push(
        await context.progress.step(title, () => inspectStatus(environment, known.get(endpoint) ?? new Set())),
      );
    } catch (error) {
      const failure = failureOf(error, `look at ${environment.name}`);
      if (failure.stack !== undefined) throw error;
      unknown.push({ name: environment.name, failure });
    }
  }
  return { found, unknown };
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

function problemCount({ guests, notCovered, problems }: EnvironmentStatus): number {
  return problems.length + notCovered.length + guests.reduce((sum, guest) => sum + guest.problems.length, 0);
}

/** What could not be looked at decides only when nothing could: with one node down, the others' answer still counts. */
function exitCodeOf(found: readonly EnvironmentStatus[], unknown: readonly UnknownStatus[]): ExitCode {
  const [first] = unknown;
  if (first !== undefined && found.length === 0) return first.failure.exitCode;
  return unknown.length > 0 || found.some((status) => problemCount(status) > 0) ? exitCodes.partly : exitCodes.done;
}

function asJson(found: readonly EnvironmentStatus[], unknown: readonly UnknownStatus[]): Record<string, unknown> {
  return {
    environments: found,
    unknown: unknown.map(({ name, failure: { message, hint, exitCode } }) => ({ name, exitCode, message, hint })),
  };
}

function printEnvironment(status: EnvironmentStatus, lines: Lines): void {
  lines.heading(`${status.name}  ${status.endpoint}`);
  lines.line(["  ", nextRun(status)]);
  if (status.guests.length === 0) lines.line("  no guests in the settings");
  else lines.table([headings, ...status.guests.map((guest) => guestRow(guest, status.timeZone))], "  ");
  for (const guest of status.guests) {
    for (const text of guest.problems) printProblem(`${guest.name}: ${text}`, lines);
  }
  for (const { id, name, type } of status.notCovered) {
    const kind = type === "lxc" ? "container" : "virtual machine";
    printProblem(`${kind} ${String(id)} (${name}) is in no settings and in no backup job`, lines);
  }
  for (const text of status.problems) printProblem(text, lines);
  lines.line();
}

function printProblem(text: string, lines: Lines): void {
  lines.hanging(["  ", red("✗"), " "], text);
}

function nextRun({ job, timeZone, now }: EnvironmentStatus): string {
  if (job.running) return "a backup is running now";
  if (job.nextRun === undefined) return `no next backup (job ${job.id}, schedule ${job.schedule})`;
  const left = formatDuration(Math.max(0, job.nextRun - now));
  return `next backup ${formatMoment(job.nextRun, timeZone).slice(0, 16)} ${timeZone}, in ${left} (schedule ${job.schedule})`;
}

const headings = ["  GUEST", "ID", "STATE", "NEWEST BACKUP", "AGE", "SIZE", "STORAGE"].map((text) => dim(text));

function guestRow(guest: GuestStatus, timeZone: string): Words[] {
  const { name, id, state, newest, optOut, problems } = guest;
  const mark = problems.length > 0 ? red("✗") : green("✓");
  const first: Words[] = [[mark, ` ${name}`], String(id), state];
  if (optOut !== undefined && newest === undefined)
    return [...first, yellow(`left out until ${optOut.until}`), "", "", ""];
  if (newest === undefined) return [...first, "none", "", "", ""];
  const age = formatAge(newest.ageSeconds);
  return [...first, formatMoment(newest.time, timeZone), age, formatBytes(newest.size), newest.storage];
}

function printUnknown(name: string, { message, hint }: Failure, lines: Lines): void {
  lines.heading(name);
  printProblem(message, lines);
  if (hint !== undefined) lines.hanging(["    ", dim("→ ")], hint, dim);
  lines.line();
}

function conclusion(found: readonly EnvironmentStatus[], unknown: readonly UnknownStatus[]): string {
  const problems = found.reduce((sum, status) => sum + problemCount(status), 0) + unknown.length;
  if (problems === 0) return "Every guest is backed up.";
  return `${String(problems)} ${problems === 1 ? "problem" : "problems"}.`;
}
