import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { withPendingOf } from "../../../site/state/checkpoint";
import { differingResources } from "../../../site/state/equal-states";
import { nameOf } from "../../../site/state/integrity";
import { type ExportedState, inScratch, type PulumiCli, type Watch } from "../../clients/pulumi-cli/pulumi-cli";
import { unpack } from "../../clients/unpack";
import { localBackend } from "../../project/backend";
import { type Decrypter, UnreadableSecret } from "../../project/passphrase";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Facts, type Step, standing } from "../engine/step";
import { archiveLocal } from "../steps/state/archive-local";
import { lookAtHeld } from "../steps/state/held";
import { findPresent } from "../steps/state/present-state";
import { requireNoLock } from "../steps/state/pulumi-lock";
import { historyFindings, sendHistory, writeChecked } from "../steps/state/send-objects";
import { listStack } from "../steps/state/stack-objects";
import { deploymentSchema } from "./exported-state";
import { accessTo, hereOf, thereOf } from "./places";
import type { UpPlan } from "./plan";
import type { StackWork } from "./stack-work";
import { requireSameState } from "./state-written";
import { watchOf } from "../engine/watch";

/** Brings the state from this machine into the store; it is put away here when the store's has been read back. */
export function moveSteps(work: StackWork, { move, state }: UpPlan): Step[] {
  // An update has written its own before a move that comes after it.
  return [
    moveStep(work, move === "before-up" ? state : undefined),
    compareStep(work),
    historyStep(work),
    archiveStep(work),
  ];
}

function moveStep(work: StackWork, planned: string | undefined): Step {
  return standing({
    id: "move",
    title: `Copy the state of ${work.selector} into the state store`,
    does: "pulumi stack migrate: copy its state from this machine into the state store",
    run: async (context) => {
      rmSync(work.scratch, { recursive: true, force: true });
      await requireSameState(work, hereOf(work), planned);
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

function compareStep(work: StackWork): Step {
  return standing({
    id: "compare",
    title: "Read the copy back",
    does: "read the copy back, and compare it with the original resource by resource",
    run: async ({ signal }) => ({ facts: await compareMoved(work, signal) }),
  });
}

/**
 * Compares both, and tells by digests what was compared: read before, so that a later write is not taken for it.
 *
 * @throws CommandError (13) where they differ
 */
async function compareMoved(work: StackWork, signal: AbortSignal): Promise<{ here: string; there: string }> {
  const [here, there] = [hereOf(work), thereOf(work)];
  const [known, moved] = [
    await findPresent(await accessTo(work, here)),
    await findPresent(await accessTo(work, there)),
  ];
  const [original, copy] = [
    await (await work.cli(here)).exportState(signal),
    await (await work.cli(there)).exportState(signal),
  ];
  const open = lenient((await work.environment.secretBox()).open);
  const differing = [
    ...differingResources(resourcesOf(original), resourcesOf(copy), open, open),
    ...differingPending(original, copy),
  ];
  if (differing.length === 0) return { here: known?.sha256 ?? "", there: moved?.sha256 ?? "" };
  throw new CommandError(
    `the state in the store is another one than on this machine: ${differing.slice(0, 5).map(nameOf).join(", ")}${differing.length > 5 ? ", …" : ""}`,
    {
      exitCode: exitCodes.refused,
      hint: `decide which one is right: lifeboat state return ${work.selector}`,
      details: { differing },
    },
  );
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
function historyStep(work: StackWork): Step {
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

function archiveStep(work: StackWork): Step {
  return standing({
    id: "archive",
    title: "Put the original away",
    does: "rename the original into the archive, so that only one copy lives",
    run: async ({ factsOf }) => {
      const { environment, context } = work;
      await requireMoved(work, factsOf("compare"));
      return { facts: { archive: archiveLocal(environment, context.io.environment, new Date().toISOString()) } };
    },
  });
}

/**
 * The history may have been long on its way: what is put away is what was compared, and the store holds it still.
 *
 * @throws CommandError (11), (13)
 */
async function requireMoved(work: StackWork, { here, there }: Facts): Promise<void> {
  const from = await accessTo(work, hereOf(work));
  await requireNoLock(from);
  const { why } = await lookAtHeld(await accessTo(work, thereOf(work)), String(there));
  const isOther = (await findPresent(from))?.sha256 !== here;
  if (why === undefined && !isOther) return;
  const what = why === undefined ? "the one here changed since" : `the store does not hold it any more: ${why}`;
  throw new CommandError(`the state of ${work.selector} was moved to the store, and ${what}; the one here stays`, {
    exitCode: exitCodes.refused,
    hint: `decide which one is right: lifeboat abandon ${work.selector}, then lifeboat state return ${work.selector}`,
  });
}
