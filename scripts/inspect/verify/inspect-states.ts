import { CommandError } from "../../terminal/command-error";
import { ownAddresses } from "../../../site/state/own-addresses";
import { exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import type { ValueOf } from "../../terminal/shapes";
import { readPassphrase } from "../../project/passphrase-source";
import type { LoadedEnvironment, Site } from "../../project/site";
import { StateFolder } from "../../recovery/engine/state-folder";
import { tracesOf } from "../../recovery/steps/state/copies/traces";
import { lostState } from "../../recovery/steps/state/lost-state";
import { PointsCache } from "../../recovery/steps/state/points-cache";
import { listStack } from "../../recovery/steps/state/stack-objects";
import { openStateAccess, type StateAccess } from "../../recovery/steps/state/state-access";
import { StateSecrets } from "../../recovery/steps/state/state-secrets";
import type { Inspection } from "../inspection";
import type { statesShape } from "./shape";
import { holdsNothing, printStack, type StackReport } from "./states-page";
import { type CheckedCopies, type CopyReport, verifyCopies } from "./verify-copies";
import { type CheckedStates, verifyState } from "./verify-state";
import type { CommandContext } from "../../project/context";

/** Checks every state of the named environment, or of all. @throws CommandError (10, 12, 14) for a single one */
export async function inspectStates(
  context: CommandContext,
  name: string | undefined,
): Promise<Inspection<ValueOf<typeof statesShape>>> {
  const site = await context.site();
  requirePassphrase(context, name === undefined ? site.environmentNames : [name]);
  if (name !== undefined) {
    const report = await verifyOne(context, site, site.environment(name));
    if (holdsNothing(report)) throw nothing(name, report.where);
    return inspectionOf([report]);
  }
  const { usable, unusable } = site.environments();
  const reports: StackReport[] = unusable.map(({ name: environment, error }) => ({
    environment,
    error: failureOf(error, undefined).message,
    copyPlaces: [],
  }));
  for (const environment of usable) reports.push(await verifyAny(context, site, environment));
  return inspectionOf(reports);
}

function secretsOf({ io, redactor }: CommandContext, { name }: LoadedEnvironment): StateSecrets {
  return new StateSecrets(name, io.environment, redactor);
}

/** Without any every state would be called bad. */
function requirePassphrase({ io }: CommandContext, names: readonly string[]): void {
  const all = names.map((name) => readPassphrase(name, io.environment));
  const found = all.find(({ kind }) => kind === "unreadable") ?? { kind: "none" };
  if (all.some(({ kind }) => kind === "given")) return;
  throw new CommandError(found.kind === "unreadable" ? found.why : "no passphrase is set", {
    exitCode: exitCodes.passphrase,
    hint: "set PULUMI_CONFIG_PASSPHRASE_FILE: a state that nobody can open is no state",
  });
}

function nothing(environment: string, where: string): CommandError {
  return new CommandError(`there is no state of ${environment} in ${where}`, {
    exitCode: exitCodes.nothing,
    hint: `is this the right backend? lifeboat env ${environment} shows it`,
  });
}

async function verifyOne(
  context: CommandContext,
  site: Site,
  environment: LoadedEnvironment,
): Promise<Extract<StackReport, CheckedStates>> {
  const secrets = secretsOf(context, environment);
  const copied = await verifyCopiesOf(context, site, environment, secrets);
  const found = await verifyStateOf(context, site, environment, secrets, copied.keys);
  return { ...found, copyPlaces: placesOf(found, copied) };
}

/** A stack without a state has nothing to copy. */
function placesOf(found: Parameters<typeof holdsNothing>[0], { reports, missing }: CheckedCopies): CopyReport[] {
  return holdsNothing(found) ? [...reports] : [...reports, ...missing];
}

async function verifyStateOf(
  context: CommandContext,
  site: Site,
  environment: LoadedEnvironment,
  secrets: StateSecrets,
  copied: readonly string[],
): Promise<Omit<Extract<StackReport, CheckedStates>, "copyPlaces">> {
  return context.progress.step(`Check the states of ${environment.name}`, async (update) => {
    const access = await openStateAccess(environment, context);
    const stack = await listStack(access);
    const wanted = {
      known: knownKeys(environment, context, access, copied),
      versions: true,
      own: { addresses: ownAddresses(environment.settings), variables: context.io.environment },
    };
    const lost = await lostState(access, stack, tracesOf(site, environment, context.io));
    const progress = (done: number, all: number): void => update(`${String(done)} of ${String(all)}`);
    const checked = await verifyState(access, stack, secrets, wanted, progress);
    await secrets.requireAny();
    return { environment: environment.name, where: access.store.place, lost, ...checked };
  });
}

/** What was there once: by what this machine has listed, and by the copies, where they are of this place. */
function knownKeys(
  { name, settings }: LoadedEnvironment,
  { io }: CommandContext,
  access: StateAccess,
  copied: readonly string[],
): Set<string> {
  const folder = new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, io.environment);
  return new Set([...new PointsCache(folder.path, access).keys(), ...(access.root === undefined ? [] : copied)]);
}

async function verifyCopiesOf(
  context: CommandContext,
  site: Site,
  environment: LoadedEnvironment,
  secrets: StateSecrets,
): Promise<CheckedCopies> {
  return context.progress.step(`Check the copies of the states of ${environment.name}`, (update) =>
    verifyCopies(context, site, environment, secrets, (done, all) => update(`${String(done)} of ${String(all)}`)),
  );
}

/** One store that cannot be reached does not keep the others from being checked, nor the copies. */
async function verifyAny(context: CommandContext, site: Site, environment: LoadedEnvironment): Promise<StackReport> {
  const { name } = environment;
  const secrets = secretsOf(context, environment);
  const copied = await verifyCopiesOf(context, site, environment, secrets);
  try {
    const found = await verifyStateOf(context, site, environment, secrets, copied.keys);
    return { ...found, copyPlaces: placesOf(found, copied) };
  } catch (error) {
    context.signal.throwIfAborted();
    const { message, stack } = failureOf(error, `check the states of ${name}`);
    if (stack !== undefined) throw error;
    return { environment: name, error: message, copyPlaces: [...copied.reports, ...copied.missing] };
  }
}

function inspectionOf(stacks: readonly StackReport[]): Inspection<ValueOf<typeof statesShape>> {
  const good = stacks.every(isGood);
  return {
    value: { good, stacks: stacks.map(forScripts) },
    print: (lines) => {
      for (const stack of stacks) printStack(stack, lines);
    },
    exitCode: good ? exitCodes.done : exitCodes.partly,
    remark: (talk) => {
      for (const stack of stacks) {
        if ("error" in stack || stack.bad.length === 0) continue;
        talk.hint(
          `bring an earlier state of ${stack.environment} back: lifeboat restore state ${stack.environment} --list`,
        );
      }
    },
  };
}

function isGood(stack: StackReport): boolean {
  if ("error" in stack) return false;
  return isTried(stack) && stack.lost === undefined && stack.copyPlaces.every(isGoodCopy);
}

function isGoodCopy(copy: CopyReport): boolean {
  return "checked" in copy && isTried(copy) && copy.problems.length === 0;
}

/** What nobody could try is unknown, and unknown is not good. */
function isTried({ bad, notOpened }: CheckedStates): boolean {
  return bad.length + notOpened.length === 0;
}

function forScripts(stack: StackReport): ValueOf<typeof statesShape>["stacks"][number] {
  const copyPlaces = stack.copyPlaces.map((copy) =>
    "error" in copy ? copy : { ...copy, bad: [...copy.bad], problems: [...copy.problems] },
  );
  if ("error" in stack) return { ...stack, copyPlaces };
  return { ...stack, bad: [...stack.bad], lost: stack.lost !== undefined, copyPlaces };
}
