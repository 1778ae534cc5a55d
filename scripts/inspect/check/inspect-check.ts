import { endOfLooks } from "../../terminal/progress";
import { typeOfGuest } from "../../../site/guest-types";
import type { Guest } from "../../../site/settings/environment";
import { failureOf } from "../../clients/failure";
import { runBounded } from "../../machine/bounded";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { inspectDataOf } from "../status/data-status";
import { inspectMonitoring } from "../status/monitoring-status";
import type { GuestStatus } from "../status/guest-status";
import { surroundingsOf } from "../status/surroundings";
import { isAtWork, unreadableBatches, unreadableProblem } from "../status/unfinished";
import { printCheck } from "./check-page";
import { dataSubject } from "./data-subjects";
import { accessSubjects, backupSubjects, monitoringSubject, offsiteSubjects } from "./environment-subjects";
import { guestSubject } from "./guest-subject";
import { checkGuest, type LiveCheck, notMade, type Place } from "./live-guest";
import { type Look, lookAt, looked } from "./look";
import type { checkShape } from "./shape";
import { stateSubjects } from "./state-subjects";
import { absent, type CheckedSubject, isBad, problemIn, unseen } from "./subject";
import { Waiting } from "./waiting";

export interface CheckRequest {
  /** Names of environments; none: all of them. */
  readonly environments: readonly string[];
  /** Seconds that a check of a guest is repeated until it counts as failed. */
  readonly patience: number;
}

/** Guests that are asked at the same time. */
const atOnce = 12;

/**
 * Proves that everything works: the way to each node, each guest by its own checks, backups, states and their copies, dumps,
 * monitoring. Read only. What could not be looked at is no good answer. @throws CommandError (2) for an environment that is none
 */
export async function inspectCheck(
  site: Site,
  { environments, patience }: CheckRequest,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof checkShape>>> {
  const all = site.environments();
  const named = [...new Set(environments)].map((name) => site.environment(name));
  const chosen = named.length === 0 ? all.usable : named;
  const surroundings = surroundingsOf(site, all.usable);
  const wrong = (named.length === 0 ? all.unusable : []).map(({ name, error }) =>
    unseen(
      { environment: name, kind: "settings", subject: "settings" },
      failureOf(error, undefined).reason,
      `lifeboat doctor ${name}`,
    ),
  );
  const subjects = await context.progress.step(
    `check ${chosen.map(({ name }) => name).join(", ")}`,
    async (update) => {
      const waiting = new Waiting(update);
      const checked = await Promise.all(
        chosen.map(async (environment) => {
          const look = await waiting.during(environment.name, () => lookAt(environment, surroundings, context));
          return checkEnvironment(look, patience, waiting, context);
        }),
      );
      return checked.flat();
    },
    (found) => endOfLooks(found, ({ verdict }) => verdict === "problem" || verdict === "unknown"),
  );
  return inspectionOf([...wrong, ...subjects, ...siteSubjects(chosen, named.length === 0, context)]);
}

async function checkEnvironment(
  look: Look,
  patience: number,
  waiting: Waiting,
  context: CommandContext,
): Promise<CheckedSubject[]> {
  const { environment, nodes } = look;
  const { name, settings } = environment;
  const [guests, data, monitoring] = await Promise.all([
    runBounded(settings.guests, { parallel: atOnce, perKey: atOnce, keyOf: () => "" }, async (guest) => {
      const checks = await waiting.during(`${name}/${guest.name}`, () => liveChecks(look, guest, patience, context));
      return guestSubject(name, guest, nodes, checks);
    }),
    inspectDataOf(environment, seenGuests(look), context),
    monitoringOf(look, context),
  ]);
  return [
    ...accessSubjects(look),
    ...backupSubjects(look),
    ...guests,
    ...(data ?? []).map(dataSubject),
    ...stateSubjects(look),
    ...offsiteSubjects(look),
    ...monitoring,
    ...(settings.drill === undefined
      ? [absent({ environment: name, kind: "drill", subject: "drill" }, "the settings have none: no restore is tried")]
      : []),
  ];
}

/** Undefined: the guest is stopped as the settings want it, so that there is nothing that could answer. */
async function liveChecks(
  { environment, nodes, journals }: Look,
  guest: Guest,
  patience: number,
  context: CommandContext,
): Promise<readonly LiveCheck[] | undefined> {
  const declared: Place = { node: guest.node, type: typeOfGuest(guest) ?? "lxc" };
  if ("failure" in nodes) return live(environment, guest, declared, patience, context);
  const { facts, taken } = nodes.value;
  const found = facts.onNode.get(guest.id);
  if (found === undefined) {
    return notMade(guest, facts.hidden.has(guest.id) ? "the token may not see the guest" : "there is no such guest");
  }
  if (taken.has(guest.id)) return notMade(guest, `another guest has its number ${String(guest.id)}`);
  if (isAtWork(journals, guest.id)) return notMade(guest, "a command is at work on the guest");
  if (found.status === "stopped") {
    return guest.kind !== "adopted" && !guest.started ? undefined : notMade(guest, "the guest is stopped");
  }
  return live(environment, guest, { node: found.node, type: found.type }, patience, context);
}

/** Without a credential nothing can be asked at all. */
async function live(
  environment: LoadedEnvironment,
  guest: Guest,
  place: Place,
  patience: number,
  context: CommandContext,
): Promise<readonly LiveCheck[]> {
  const checks = await looked(context, () => checkGuest(environment, guest, place, patience, context));
  return "value" in checks ? checks.value : notMade(guest, checks.failure.reason);
}

function seenGuests({ nodes }: Look): readonly GuestStatus[] {
  return "value" in nodes ? nodes.value.status.guests : [];
}

async function monitoringOf(look: Look, context: CommandContext): Promise<CheckedSubject[]> {
  const { environment } = look;
  const monitoring = await looked(context, () => inspectMonitoring(environment, seenGuests(look), context));
  if ("value" in monitoring) {
    return monitoring.value === undefined ? [] : [monitoringSubject(environment.name, monitoring.value)];
  }
  const named = { environment: environment.name, kind: "monitoring", subject: "monitoring" } as const;
  return [unseen(named, monitoring.failure.reason, `lifeboat doctor ${environment.name}`)];
}

/** What belongs to no environment. */
function siteSubjects(
  chosen: readonly LoadedEnvironment[],
  isWhole: boolean,
  context: CommandContext,
): CheckedSubject[] {
  const [first] = chosen;
  const batches = first === undefined ? [] : unreadableBatches(first, context);
  const isWatched = chosen.some(({ settings }) => settings.monitoring !== undefined);
  return [
    ...batches.map((batch): CheckedSubject => {
      const problems = [problemIn(unreadableProblem(batch), "lifeboat status")];
      return {
        environment: null,
        kind: "journal",
        subject: "journals",
        verdict: "unknown",
        found: batch.path,
        problems,
      };
    }),
    ...(isWatched || !isWhole
      ? []
      : [absent({ environment: null, kind: "monitoring", subject: "monitoring" }, "no environment has any")]),
  ];
}

function inspectionOf(subjects: readonly CheckedSubject[]): Inspection<ValueOf<typeof checkShape>> {
  const count = (verdict: CheckedSubject["verdict"]): number =>
    subjects.filter((one) => one.verdict === verdict).length;
  const summary = {
    ok: count("ok"),
    warnings: count("warning"),
    problems: count("problem"),
    unknown: count("unknown"),
  };
  const exitCode = subjects.some(isBad) ? exitCodes.partly : exitCodes.done;
  return {
    value: { ok: exitCode === exitCodes.done, exitCode, summary, subjects },
    print: (lines) => printCheck(subjects, summary, lines),
    exitCode,
  };
}
