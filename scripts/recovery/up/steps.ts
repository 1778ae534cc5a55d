import { pulumiLine } from "../../../site/plain-pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import { nameOf } from "../../../site/state/integrity";
import type { ExportedState, PulumiCli } from "../../clients/pulumi-cli/pulumi-cli";
import { localBackend } from "../../project/backend";
import { storeTrouble } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { proposeSettings, writeEdit } from "../../project/edit-settings";
import { changedInputs, digestOf, type Inputs } from "../engine/digest";
import { type Finding, type Step, type StepContext, standing } from "../engine/step";
import { copyFindings } from "../steps/state/copies/copy-states";
import { type SiteKeys, writeKeys } from "../steps/state/site-keys";
import { deploymentSchema } from "./exported-state";
import { writeDataPasswords } from "./data-passwords";
import { handOver } from "./hand-over";
import { writeMonitoringKeys } from "./monitoring-keys";
import { moveSteps } from "./move-steps";
import { requireStore } from "./places";
import { recordHostKeys } from "./record-host-keys";
import type { StackWork } from "./stack-work";
import { requireSameState, urnsIn } from "./state-written";
import type { UpPlan } from "./plan";
import { watchOf } from "../engine/watch";

/** What the steps use besides the plan. */
export interface UpWorld {
  readonly work: StackWork;
  readonly keys: SiteKeys | undefined;
  /** What the plan rests on. */
  readonly inputs: Inputs;
  /** Names of resources that are made anew although nothing about them has changed. Absent: none. */
  readonly replaces?: readonly string[];
}

/** The steps, in the order in which nothing can be lost: a state is gone from one place when the other has been read back. */
export function upSteps(plan: UpPlan, world: UpWorld): Step[] {
  const moving = plan.move === "no" ? [] : moveSteps(world.work, plan);
  return [
    ...(plan.keys.length > 0 ? [keysStep(plan, world)] : []),
    ...((plan.monitoringKeys ?? []).length > 0 ? [monitoringKeysStep(plan, world)] : []),
    ...((plan.dataPasswords ?? []).length > 0 ? [dataPasswordsStep(plan, world)] : []),
    ...(plan.deadLocks.length > 0 ? [unlockStep(plan, world)] : []),
    ...(plan.init ? [initStep(plan, world)] : []),
    ...(plan.move === "before-up" ? moving : []),
    ...(plan.up ? [upStep(plan, world)] : []),
    ...((plan.handOver ?? []).length > 0 ? [handOverStep(plan, world)] : []),
    ...(plan.wait ? [waitStep(world)] : []),
    ...(plan.move === "after-up" ? moving : []),
    ...(plan.copy ? [copyStep(world)] : []),
  ];
}

function keysStep({ keys: made }: UpPlan, { work, keys }: UpWorld): Step {
  return standing({
    id: "keys",
    title: "Write the keys of the state store into the settings",
    does: `make ${made.join(", ")}, and write them encrypted into the settings`,
    run: async () => {
      const store = work.environment.stateStore();
      if (store !== undefined && keys !== undefined) await writeKeys(work.site, store, keys);
    },
  });
}

function monitoringKeysStep({ monitoringKeys = [] }: UpPlan, { work }: UpWorld): Step {
  return standing({
    id: "monitoring-keys",
    title: "Write what the monitoring needs into the settings",
    does: `make ${monitoringKeys.join(", ")}, and write it encrypted into the settings`,
    run: () => writeMonitoringKeys(work),
  });
}

function dataPasswordsStep({ dataPasswords = [] }: UpPlan, { work }: UpWorld): Step {
  return standing({
    id: "data-passwords",
    title: "Write the passwords of database users into the settings",
    does: `make ${dataPasswords.join(", ")}, and write it encrypted into the settings`,
    run: () => writeDataPasswords(work),
  });
}

function unlockStep({ deadLocks, url }: UpPlan, { work }: UpWorld): Step {
  return standing({
    id: "unlock",
    title: `Take Pulumi's lock of ${work.selector} away`,
    does: `take the lock away whose process has ended: ${deadLocks.join("; ")}`,
    run: async () => {
      const here = localBackend(work.environment.project, work.context.io.environment).url;
      for (const place of new Set([here, url])) await work.clearDeadLocks(place);
    },
  });
}

function initStep({ url, place, move }: UpPlan, { work }: UpWorld): Step {
  const where =
    place === "store" && move === "no" ? "in the state store" : place === "named" ? `in ${url}` : "on this machine";
  return standing({
    id: "init",
    title: `Make the stack ${work.selector}`,
    does: `make the stack ${work.selector} ${where}`,
    run: async (context) => {
      await ensureSalt(work);
      const look = await work.look(url);
      if (look?.closed !== undefined) throw new CommandError(look.closed, { exitCode: exitCodes.unavailable });
      if (look?.checkpoint === undefined) await (await work.cli(url)).init(watchOf(context));
    },
  });
}

/** With a salt in it `pulumi` leaves the form of the file as it is. */
async function ensureSalt({ environment, site, selector }: StackWork): Promise<void> {
  if (environment.encryptionSalt() !== undefined) return;
  const { salt } = await environment.secretBox();
  writeEdit(proposeSettings(environment, { config: {}, salt }));
  site.reread(selector);
}

/** Behind the first update, which may have made the environment's own token. */
function handOverStep({ handOver: names = [], url }: UpPlan, { work }: UpWorld): Step {
  return standing({
    id: "hand-over",
    title: `Hand the exporter's tokens over to ${work.selector}`,
    does: `write the exporter's tokens of ${names.join(", ")} into its settings, encrypted, and pulumi up with them`,
    run: async (context) => {
      const { isChanged, findings } = await handOver(work);
      if (isChanged) await (await work.cli(url)).up(watchOf(context));
      return { findings };
    },
  });
}

function upStep({ url, changes, state: planned, move }: UpPlan, { work, inputs, replaces = [] }: UpWorld): Step {
  return standing({
    id: "up",
    title: `pulumi up of ${work.selector}`,
    does: changes === undefined ? "pulumi up: make what the settings say" : `pulumi up: ${changesText(changes)}`,
    run: async (context) => {
      if (changedInputs(inputs, upInputs(work)).length > 0) throw changedSettings(work);
      const cli = await work.cli(url);
      // Before the comparison: what is written behind it is another one.
      const mark = await cli.stateMark(context.signal);
      // What was moved was compared before that.
      const holds = move !== "before-up" && (await requireSameState(work, url, planned));
      const begun = Date.now();
      const replaced = replaces.length === 0 ? [] : await urnsIn(work, url, replaces);
      const done = await cli.up(watchOf(context), replaced, holds ? mark : undefined);
      const state = await cli.exportState(context.signal);
      const findings = [
        ...(await settlePending(cli, state, work, context)),
        ...(await recordHostKeys(work, deploymentSchema.parse(state.deployment), begun, context.signal)),
      ];
      return { facts: { changes: JSON.stringify(done) }, findings };
    },
  });
}

function changedSettings({ selector }: StackWork): CommandError {
  return new CommandError("its settings changed since the plan was made", {
    exitCode: exitCodes.refused,
    hint: `look at the new plan: lifeboat up ${selector} --dry-run`,
  });
}

/**
 * An update that was killed leaves behind what it was making; Pulumi keeps that until somebody says what became of it. Where
 * the program has made everything since, nothing is in doubt any more. `stack import` drops all of them, and not only those
 * that are left out: as long as one is in doubt the state stays as it is.
 */
async function settlePending(
  cli: PulumiCli,
  state: ExportedState,
  { selector }: StackWork,
  context: StepContext,
): Promise<Finding[]> {
  const { resources, pending_operations: pending } = deploymentSchema.parse(state.deployment);
  if (pending.length === 0) return [];
  const known = new Set(resources.map(({ urn }) => urn));
  const open = pending.filter(({ type, resource }) => known.has(resource.urn) === (type === "deleting"));
  if (open.length === 0) {
    const settled: ExportedState = { ...state, deployment: { ...state.deployment, pending_operations: [] } };
    await cli.importState(settled, watchOf(context));
  }
  return open.map(({ type, resource }) => ({
    severity: "problem",
    text: `an update was interrupted while ${type} ${nameOf(resource.urn)}: whether it is there is not known; look at the site, then let pulumi ask what became of it`,
    mend: pulumiLine(selector, "refresh"),
  }));
}

/** Looks at the store this often, and for so long: a container that was just installed has its service up in seconds. */
const healthLooks = 120;

function waitStep({ work }: UpWorld): Step {
  return standing({
    id: "wait",
    title: "Wait for the state store",
    does: "wait until the state store answers",
    run: async ({ signal, progress }) => {
      const store = requireStore(work);
      for (let look = 1; ; look += 1) {
        const trouble = await storeTrouble(store, signal);
        if (trouble === undefined) return;
        if (look === healthLooks) throw new CommandError(trouble, { exitCode: exitCodes.unavailable });
        progress(trouble);
        await sleep(1_000, undefined, { signal });
      }
    },
  });
}

function copyStep({ work }: UpWorld): Step {
  return standing({
    id: "copy",
    title: `Copy the state of ${work.selector}`,
    does: "copy its state to the folder for copies",
    run: async () => ({ findings: await copyFindings([work.environment], work.context) }),
  });
}

export function changesText(changes: Readonly<Record<string, number>>): string {
  const told = Object.entries(changes).map(([operation, count]) => `${String(count)} to ${operation}`);
  return told.length === 0 ? "nothing to change" : told.join(", ");
}

/** What a plan rests on. */
export function upInputs({ environment }: StackWork): Inputs {
  // This command writes it itself.
  const { stateStoreAuthority: _store, monitoringAuthority: _monitoring, ...settings } = environment.settings;
  return { settings: digestOf(settings) };
}
