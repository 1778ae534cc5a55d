import { formatMoment } from "../../../site/restore/moments";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { green, red, yellow } from "../../terminal/text";
import { readPassphrase } from "../../project/passphrase-source";
import type { LoadedEnvironment, Site } from "../../project/site";
import { localTimeZone } from "../../recovery/steps/state/choose-listed-point";
import { openStateAccess } from "../../recovery/steps/state/state-access";
import { tracesOf } from "../../recovery/steps/state/copies/traces";
import { StateSecrets } from "../../recovery/steps/state/state-secrets";
import type { Inspection } from "../inspection";
import type { statesShape } from "./shape";
import { type StateVerification, verifyState } from "./verify-state";
import type { CommandContext } from "../../project/context";

/** One stack's line of the report. */
type StackReport =
  | ({ readonly environment: string; readonly where: string } & StateVerification)
  | { readonly environment: string; readonly error: string };

/** Checks every state of the named environment, or of all. @throws CommandError (10, 12, 14) for a single one */
export async function inspectStates(
  context: CommandContext,
  name: string | undefined,
): Promise<Inspection<ValueOf<typeof statesShape>>> {
  requirePassphrase(context);
  const site = await context.site();
  const secrets = new StateSecrets(context.io.environment, context.redactor);
  if (name !== undefined) {
    const report = await verifyOne(context, site, site.environment(name), secrets);
    if (report.checked === 0 && report.lost === undefined) throw nothing(name, report.where);
    return inspectionOf([report]);
  }
  const { usable, unusable } = site.environments();
  const reports: StackReport[] = unusable.map(({ name: environment, error }) => ({
    environment,
    error: failureOf(error, undefined).message,
  }));
  for (const environment of usable) reports.push(await verifyAny(context, site, environment, secrets));
  return inspectionOf(reports);
}

/** Without it every state would be called bad. */
function requirePassphrase({ io }: CommandContext): void {
  const found = readPassphrase(io.environment);
  if (found.kind === "given") return;
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
  secrets: StateSecrets,
): Promise<Extract<StackReport, StateVerification>> {
  return context.progress.step(`Check the states of ${environment.name}`, async (update) => {
    const access = await openStateAccess(environment, context);
    const traces = tracesOf(site, environment, context.io);
    const result = await verifyState(access, secrets, traces, (done, all) =>
      update(`${String(done)} of ${String(all)}`),
    );
    return { environment: environment.name, where: access.store.place, ...result };
  });
}

/** One store that cannot be reached does not keep the others from being checked. */
async function verifyAny(
  context: CommandContext,
  site: Site,
  environment: LoadedEnvironment,
  secrets: StateSecrets,
): Promise<StackReport> {
  try {
    return await verifyOne(context, site, environment, secrets);
  } catch (error) {
    context.signal.throwIfAborted();
    const { message, stack } = failureOf(error, `check the states of ${environment.name}`);
    if (stack !== undefined) throw error;
    return { environment: environment.name, error: message };
  }
}

function inspectionOf(stacks: readonly StackReport[]): Inspection<ValueOf<typeof statesShape>> {
  const good = stacks.every((stack) => "checked" in stack && stack.bad.length === 0 && stack.lost === undefined);
  return {
    value: { good, stacks: stacks.map(forScripts) },
    print: (lines) => {
      for (const stack of stacks) print(stack, lines);
    },
    exitCode: good ? exitCodes.done : exitCodes.partly,
  };
}

function forScripts(stack: StackReport): ValueOf<typeof statesShape>["stacks"][number] {
  return "error" in stack ? stack : { ...stack, bad: [...stack.bad], lost: stack.lost !== undefined };
}

function print(stack: StackReport, lines: Lines): void {
  const { environment } = stack;
  if ("error" in stack) return lines.hanging([red("✗"), ` ${environment}: `], stack.error);
  const { checked, copies, bytes, bad, notOpened, lost } = stack;
  if (checked === 0 && lost === undefined) return lines.line([yellow("-"), ` ${environment}: no state yet`]);
  const size = `${String(checked)} states read (${formatBytes(bytes)})${copies === 0 ? "" : `, ${String(copies)} more are copies of these`}`;
  const badText = `${String(bad.length)} ${bad.length === 1 ? "is" : "are"} bad:`;
  if (bad.length > 0) lines.line([red("✗"), ` ${environment}: ${size}, ${badText}`]);
  else if (lost !== undefined) lines.line([red("✗"), ` ${environment}: ${size}`]);
  else lines.line([green("✓"), ` ${environment}: ${size}, all are good`]);
  if (lost !== undefined) {
    lines.hanging("    ", `the present state is gone, though ${lost.why}; bring it back: ${lost.mend}`);
  }
  for (const { key, versionId, modified, problems } of bad) {
    const version = versionId === null ? "" : ` version ${versionId}`;
    const date = formatMoment(Math.floor(modified / 1_000), localTimeZone());
    lines.hanging("    ", `${key}${version} of ${date}: ${problems.join("; ")}`);
  }
  for (const why of notOpened) lines.hanging("    note: ", `secrets were not tried: ${why}`);
}
