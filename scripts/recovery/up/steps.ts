import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { withPendingOf } from "../../../site/state/checkpoint";
import { differingResources } from "../../../site/state/equal-states";
import { nameOf } from "../../../site/state/integrity";
import type { KeyChanges } from "../../../site/state-store/missing-keys";
import { type ExportedState, inScratch, type PulumiCli, type Watch } from "../../clients/pulumi-cli/pulumi-cli";
import { unpack } from "../../clients/unpack";
import { storeTrouble } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { localBackend, storeUrl } from "../../project/backend";
import { proposeSettings, writeEdit } from "../../project/edit-settings";
import { type Decrypter, UnreadableSecret } from "../../project/passphrase";
import { openStateAt } from "../../project/state-backend";
import type { SiteStore } from "../../project/state-store";
import { changedInputs, digestOf, type Inputs } from "../engine/digest";
import { startOf } from "../../machine/processes";
import { type Finding, type Step, type StepContext, standing } from "../engine/step";
import { archiveLocal } from "../steps/state/archive-local";
import { copyFindings } from "../steps/state/copies/copy-states";
import { findPresent } from "../steps/state/present-state";
import { historyFindings, sendHistory, writeChecked } from "../steps/state/send-objects";
import { listStack } from "../steps/state/stack-objects";
import type { StateAccess } from "../steps/state/state-access";
import { writeKeys } from "../steps/state/site-keys";
import type { StackWork } from "./stack-work";
import type { UpPlan } from "./plan";

/** What the steps use besides the plan. */
export interface UpWorld {
  readonly work: StackWork;
  readonly keys: KeyChanges | undefined;
  /** What the plan rests on. */
  readonly inputs: Inputs;
}

/** The steps, in the order in which nothing can be lost: a state is gone from one place when the other has been read back. */
export function upSteps(plan: UpPlan, world: UpWorld): Step[] {
  const moving =
    plan.move === "no" ? [] : [moveStep(world), compareStep(world), historyStep(world), archiveStep(world)];
  return [
    ...(plan.keys.length > 0 ? [keysStep(plan, world)] : []),
    ...(plan.deadLocks.length > 0 ? [unlockStep(plan, world)] : []),
    ...(plan.init ? [initStep(plan, world)] : []),
    ...(plan.move === "before-up" ? moving : []),
    ...(plan.up ? [upStep(plan, world)] : []),
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

function unlockStep({ deadLocks, url }: UpPlan, { work }: UpWorld): Step {
  return standing({
    id: "unlock",
    title: `Take Pulumi's lock of ${work.selector} away`,
    does: `take the lock away whose process has ended: ${deadLocks.join("; ")}`,
    run: async (context) => (await work.cli(url)).cancel(watchOf(context)),
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

function upStep({ url, changes }: UpPlan, { work, inputs }: UpWorld): Step {
  return standing({
    id: "up",
    title: `pulumi up of ${work.selector}`,
    does: changes === undefined ? "pulumi up: make what the settings say" : `pulumi up: ${changesText(changes)}`,
    run: async (context) => {
      if (changedInputs(inputs, upInputs(work)).length > 0) throw changedSettings(work);
      const cli = await work.cli(url);
      const done = await cli.up(watchOf(context));
      const findings = await settlePending(cli, work, context);
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

const pendingSchema = z.looseObject({ type: z.string(), resource: z.looseObject({ urn: z.string() }) });

const deploymentSchema = z.object({
  resources: listOf(z.looseObject({ urn: z.string() })),
  pending_operations: listOf(pendingSchema),
});

/** Go leaves out what is empty, or says null. */
function listOf<Member extends z.ZodType>(member: Member) {
  return z
    .array(member)
    .nullish()
    .transform((list) => list ?? []);
}

/**
 * An update that was killed leaves behind what it was making; Pulumi keeps that until somebody says what became of it. Where
 * the program has made everything since, nothing is in doubt any more. `stack import` drops all of them, and not only those
 * that are left out: as long as one is in doubt the state stays as it is.
 */
async function settlePending(cli: PulumiCli, { selector }: StackWork, context: StepContext): Promise<Finding[]> {
  const state = await cli.exportState(context.signal);
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
    mend: `pulumi refresh --stack ${selector}`,
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

function moveStep({ work }: UpWorld): Step {
  return standing({
    id: "move",
    title: `Copy the state of ${work.selector} into the state store`,
    does: "pulumi stack migrate: copy its state from this machine into the state store",
    run: async (context) => {
      rmSync(work.scratch, { recursive: true, force: true });
      const url = thereOf(work);
      const look = await work.look(url);
      if (look?.closed !== undefined) throw new CommandError(look.closed, { exitCode: exitCodes.unavailable });
      // What is there already was begun by this command, and is compared next; otherwise nothing would have been planned.
      if ((look?.checkpoint?.resources.length ?? 0) === 0) {
        const cli = await work.cli(url);
        if (look?.checkpoint !== undefined) await cli.removeEmpty(watchOf(context));
        await migrate(work, cli, watchOf(context));
      }
      await keepPending(work);
    },
  });
}

/**
 * `stack migrate` writes the settings anew, with the same salt, and leaves a copy of the old file. It works on copies of
 * project and settings file: what is encrypted in the real one stays good.
 */
async function migrate({ environment, context, scratch }: StackWork, cli: PulumiCli, watch: Watch): Promise<void> {
  const { project, file } = environment;
  await inScratch(scratch, async (folder) => {
    // One level down: the settings may lie beside the project.
    const copy = join(folder, "project");
    mkdirSync(copy);
    for (const name of readdirSync(project.folder)) {
      if (/^Pulumi\.ya?ml$/u.test(name)) copyFileSync(join(project.folder, name), join(copy, name));
    }
    const settings = join(copy, relative(project.folder, file));
    mkdirSync(dirname(settings), { recursive: true });
    copyFileSync(file, settings);
    await cli.withSettingsIn(copy).migrate(localBackend(project, context.io.environment).url, watch);
  });
}

/** `stack migrate` drops what was under way in the original: it is still not known what became of it. */
async function keepPending(work: StackWork): Promise<void> {
  const [from, to] = [await accessTo(work, hereOf(work)), await accessTo(work, thereOf(work))];
  const [original, copy] = [await findPresent(from), await findPresent(to)];
  if (original?.checkpoint === undefined || copy?.checkpoint === undefined) return;
  if (original.checkpoint.pending.length === 0 || copy.checkpoint.pending.length > 0) return;
  const text = withPendingOf(await unpack(copy.content), await unpack(original.content));
  const { key, etag } = copy.object;
  await writeChecked(to.store, key, Buffer.from(text), etag === undefined ? undefined : { ifMatch: etag });
}

function compareStep({ work }: UpWorld): Step {
  return standing({
    id: "compare",
    title: "Read the copy back",
    does: "read the copy back, and compare it with the original resource by resource",
    run: async ({ signal }) => {
      const [here, there] = [hereOf(work), thereOf(work)];
      const [original, copy] = [
        await (await work.cli(here)).exportState(signal),
        await (await work.cli(there)).exportState(signal),
      ];
      const open = lenient((await work.environment.secretBox()).open);
      const differing = [
        ...differingResources(resourcesOf(original), resourcesOf(copy), open, open),
        ...differingPending(original, copy),
      ];
      if (differing.length === 0) return { facts: { resources: resourcesOf(copy).length } };
      throw new CommandError(
        `the state in the store is another one than on this machine: ${differing.slice(0, 5).map(nameOf).join(", ")}${differing.length > 5 ? ", …" : ""}`,
        {
          exitCode: exitCodes.refused,
          hint: `decide which one is right: lifeboat state return ${work.selector}`,
          details: { differing },
        },
      );
    },
  });
}

/** What does not open is of another key, and so another value. */
function lenient(open: Decrypter): Decrypter {
  return (ciphertext) => {
    try {
      return open(ciphertext);
    } catch (error) {
      if (error instanceof UnreadableSecret) return ciphertext;
      throw error;
    }
  };
}

function resourcesOf({ deployment }: ExportedState): readonly unknown[] {
  const { resources } = deployment;
  return Array.isArray(resources) ? resources : [];
}

/** URNs of what is under way in the original and not in the copy. */
function differingPending(original: ExportedState, copy: ExportedState): string[] {
  const [from, to] = [original, copy].map(({ deployment }) => deploymentSchema.parse(deployment).pending_operations);
  const kept = new Set((to ?? []).map(({ resource }) => resource.urn));
  return (from ?? []).map(({ resource }) => resource.urn).filter((urn) => !kept.has(urn));
}

/** `stack migrate` leaves it behind; restore points are made of it. */
function historyStep({ work }: UpWorld): Step {
  return standing({
    id: "history",
    title: `Copy the history of ${work.selector} into the state store`,
    does: "copy its history, too: earlier states can be restored from there",
    run: async ({ signal, progress }) => {
      const [from, to] = [await accessTo(work, hereOf(work)), await accessTo(work, thereOf(work))];
      const [here, there] = [
        { store: from.store, objects: await listStack(from) },
        { store: to.store, objects: await listStack(to) },
      ];
      const sent = await sendHistory(here, there, { signal, progress });
      return { findings: historyFindings(sent, from.store, to.store) };
    },
  });
}

async function accessTo({ environment, context, selector }: StackWork, url: string): Promise<StateAccess> {
  const store = await openStateAt(url, environment, context.io.environment, { signal: context.signal });
  if (store === undefined) throw new Error(`${url} is neither a folder nor a bucket`);
  return { store, place: { project: environment.project.name, stack: selector } };
}

function archiveStep({ work }: UpWorld): Step {
  return standing({
    id: "archive",
    title: "Put the original away",
    does: "rename the original into the archive, so that only one copy lives",
    run: async () => {
      const { environment, context } = work;
      return { facts: { archive: archiveLocal(environment, context.io.environment, new Date().toISOString()) } };
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

function hereOf({ environment, context }: StackWork): string {
  return localBackend(environment.project, context.io.environment).url;
}

function thereOf(work: StackWork): string {
  return storeUrl(requireStore(work), work.selector);
}

export function changesText(changes: Readonly<Record<string, number>>): string {
  const told = Object.entries(changes).map(([operation, count]) => `${String(count)} to ${operation}`);
  return told.length === 0 ? "nothing to change" : told.join(", ");
}

/** What a plan rests on. */
export function upInputs({ environment }: StackWork): Inputs {
  // This command writes it itself.
  const { stateStoreAuthority: _authority, ...settings } = environment.settings;
  return { settings: digestOf(settings) };
}

function requireStore({ environment }: StackWork): SiteStore {
  const store = environment.stateStore();
  if (store !== undefined) return store;
  throw new CommandError("the settings declare no state store any more", { exitCode: exitCodes.refused });
}

function watchOf({ signal, progress, note }: StepContext): Watch {
  return { signal, onProgress: progress, onStart: (pid) => note({ pulumi: pid, pulumiStart: startOf(pid) ?? "" }) };
}
