import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import { CommandError, usageError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { type EnvironmentReport, printArchives } from "./archives/archives-page";
import { areGood, inspectDumps, type SourceDumps } from "./dumps/inspect-dumps";
import { hintDumps, printDumps } from "./dumps/dumps-page";
import { declaredSources, type DeclaredSource } from "../data/read-source";
import { noSsh } from "./archives/file-verifier";
import { type ArchiveWish, inspectArchives } from "./archives/inspect-archives";
import { inspectStates } from "./inspect-states";
import type { statesShape, verifyShape } from "./shape";
import type { Inspection } from "../inspection";

/** What is to be verified. */
export interface VerifyWish {
  readonly environment: string | undefined;
  readonly archives: boolean;
  readonly states: boolean;
  /** Dumps of data in guests. */
  readonly dumps: boolean;
  /** Ids, names, `env/name`; none: every archive. */
  readonly guests: readonly string[];
  /** Seconds after which nothing new is begun. */
  readonly seconds: number | undefined;
}

type States = Inspection<ValueOf<typeof statesShape>>;

/** Verifies archives, states, dumps in guests, or all of them, and prints what was found, also where it was interrupted. @returns the exit code */
export async function verify(wish: VerifyWish, context: CommandContext): Promise<ExitCode> {
  const site = await context.site();
  const deadline = wish.seconds === undefined ? undefined : Date.now() + wish.seconds * 1_000;
  const wishes = wish.archives || wish.dumps ? wishesOf(site, wish) : [];
  const states = wish.states ? await statesOf(wish, context) : undefined;
  const reports = wish.archives ? await inspectArchives(wishes, context, deadline) : undefined;
  const dumps = wish.dumps ? await inspectDumps(wishes.flatMap(sourcesOf), context) : undefined;
  const isLooked = reports === undefined || !isNothingRead(reports);
  const good =
    isLooked &&
    areGood(dumps ?? []) &&
    (reports ?? []).every(isGood) &&
    !(states instanceof CommandError) &&
    states?.value.good !== false;
  const value: ValueOf<typeof verifyShape> = {
    good,
    ...(reports === undefined ? {} : { environments: reports }),
    ...(states === undefined || states instanceof CommandError ? {} : { stacks: states.value.stacks }),
    ...(dumps === undefined ? {} : { dumps }),
    ...(states instanceof CommandError ? { statesError: states.message } : {}),
    ...(context.signal.aborted ? { interrupted: true } : {}),
  };
  context.output.result(value, (lines) => print({ reports: reports ?? [], dumps: dumps ?? [], states }, lines));
  context.signal.throwIfAborted();
  if (states instanceof CommandError) {
    context.talk.warning(`the states were not checked: ${states.message}`);
    context.talk.hint(`${states.hint ?? "lifeboat doctor"}; archives alone: lifeboat verify --archives`);
    return states.exitCode;
  }
  states?.remark?.(context.talk);
  hints(reports ?? [], context);
  hintDumps(dumps ?? [], context.talk);
  return good ? exitCodes.done : exitCodes.partly;
}

interface Found {
  readonly reports: readonly EnvironmentReport[];
  readonly dumps: readonly SourceDumps[];
  readonly states: States | CommandError | undefined;
}

function print({ reports, dumps, states }: Found, lines: Lines): void {
  for (const report of reports) printArchives(report, lines);
  printDumps(dumps, lines);
  if (states !== undefined && !(states instanceof CommandError)) states.print(lines);
}

/** Where nobody can look at the states, the archives can be looked at nevertheless. */
async function statesOf(
  { environment, archives }: VerifyWish,
  context: CommandContext,
): Promise<States | CommandError> {
  try {
    return await inspectStates(context, environment);
  } catch (error) {
    if (!archives || !(error instanceof CommandError) || context.signal.aborted) throw error;
    return error;
  }
}

function sourcesOf({ environment, only }: ArchiveWish): DeclaredSource[] {
  const { guests } = environment.settings;
  return declaredSources(
    environment,
    guests.filter(({ id }) => only === undefined || only.has(id)),
  );
}

/** @throws CommandError (2) */
function wishesOf(site: Site, { environment, guests }: VerifyWish): ArchiveWish[] {
  if (guests.length === 0) {
    if (environment !== undefined) return [{ environment: site.environment(environment), only: undefined }];
    const { usable, unusable } = site.environments();
    const [broken] = unusable;
    // Settings that cannot be read would leave archives out without a word.
    if (broken !== undefined) throw broken.error;
    return usable.map((one) => ({ environment: one, only: undefined }));
  }
  const found = guests.map((selector) => site.findGuest(selector));
  const other = found.find((one) => environment !== undefined && one.environment.name !== environment);
  if (other !== undefined) throw usageError(`${other.guest.name} is a guest of ${other.environment.name}`);
  const environments = [...new Set(found.map((one) => one.environment))];
  return environments.map((one) => ({
    environment: one,
    only: new Set(found.filter((guest) => guest.environment === one).map(({ guest }) => guest.id)),
  }));
}

/** What is being written is nobody's fault, and what retention has removed meanwhile is none. */
function isGood(report: EnvironmentReport): boolean {
  if ("error" in report) return false;
  const { archives, missing, unseen } = report;
  const isBad = archives.some(({ result }) => result === "damaged" || result === "doubtful" || result === "unseen");
  return !isBad && missing.length + unseen.length === 0;
}

/** The time was up before one archive was begun: a timer with too short a time is not to be green for ever. */
function isNothingRead(reports: readonly EnvironmentReport[]): boolean {
  const listed = reports.flatMap((report) => ("error" in report ? [] : [report]));
  return listed.some(({ left }) => left > 0) && listed.every(({ archives }) => archives.length === 0);
}

function hints(reports: readonly EnvironmentReport[], { talk }: CommandContext): void {
  if (isNothingRead(reports)) talk.hint("the time was up before an archive was begun: a longer --for");
  for (const report of reports) {
    if ("error" in report) continue;
    const damaged = report.archives.filter(({ result }) => result === "damaged");
    for (const { guest, id, archive } of damaged) {
      talk.warning(`${guest ?? `guest ${String(id ?? "?")}`}: ${archive} is damaged`);
    }
    const again = [...new Set(damaged.flatMap(({ guest }) => guest ?? []))];
    for (const guest of again) talk.hint(`back it up again: lifeboat backup ${report.environment}/${guest}`);
  }
  const withoutSsh = reports.flatMap((report) =>
    !("error" in report) && report.archives.some(({ problems }) => problems.includes(noSsh))
      ? [report.environment]
      : [],
  );
  if (withoutSsh.length > 0) {
    const files = withoutSsh.map((name) => `Pulumi.${name}.yaml`).join(", ");
    talk.hint(`let Lifeboat read archives on the node: proxmox.ssh in ${files}, as docs/guides/verify.md says`);
  }
}
