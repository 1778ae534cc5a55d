import { pulumiLine } from "../../../site/plain-pulumi";
import { pairTexts } from "../../../site/replaced-node/node-mapping";
import { machineStandIn } from "../../../site/restore/machine-targets";
import type { GuestSpace } from "../../../site/restore/space";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { requireRootSignIn } from "../../project/root-password";
import { type GivenAnswers, whyUnanswered } from "../engine/consent";
import { changedInputs, digestsOf, type Inputs, whyPlannedOtherwise } from "../engine/digest";
import type { BegunOperation, Operation, Planned } from "../engine/operation";
import { begunIn } from "../engine/run-one";
import { type GuestSession, journalsOf, unfinished } from "../engine/session";
import type { Finding } from "../engine/step";
import { declaredIds } from "../steps/guest/declared-ids";
import { refuseReturned } from "../steps/guest/disks-elsewhere";
import { guestSettingsDigest, restoreInputs } from "../steps/guest/inputs";
import { volumesOf } from "../steps/guest/guest-snapshots";
import { lookAgain } from "../steps/guest/look-again";
import { openWorld } from "../steps/guest/open-world";
import { type RestorePlan, restorePlanSchema } from "../steps/guest/plan";
import { lostWayBack, wayBackIn } from "../steps/guest/way-back";
import { whyBroken } from "../steps/guest/whole-guest";
import { leftProtected } from "./archive-protection";
import { type RestoreInspection, type RestoreWish, inspectRestore } from "./inspect";
import { restoreKind, restoresAmong } from "./journals";
import { planRestore } from "./make-plan";
import type { RestoreOptions } from "./restore-options";
import { restoreMeaning } from "./meaning";
import { refuseOpenElsewhere } from "./other-number";
import { printReport, reportOf } from "./report";
import { requireRights } from "../steps/guest/rights";
import { refuseLeft } from "./refuse-left";
import { commitOf } from "./restore-step";
import { machineVolumes, whyLeftover } from "./seed-volume";
import { restoreRights } from "./rights";
import { restoreSteps } from "./steps";
import { promisedIds } from "./target-id";
import { type RestoreView, printPlan, viewOf } from "./view";

/** What a command wants restored, and the answers that it was given. */
export interface RestoreRequest {
  readonly wish: RestoreWish;
  readonly storage: string | undefined;
  /** Storages that stand for those of the archive, by their ids there. Default: each volume returns to its own. */
  readonly storages?: ReadonlyMap<string, string>;
  /**
   * Id under which a Pulumi program asks for it: it is carried out once under that, and Pulumi is not asked what differs, since
   * the stack is being updated. Undefined: a person asks.
   */
  readonly id?: string | undefined;
  readonly given: GivenAnswers;
  /** Seconds that each check is repeated. */
  readonly checkSeconds: number;
  /** The command line that does the same again. */
  readonly command: string;
  readonly undoes: RestoreOptions["undoes"];
  /** It is one of a batch. */
  readonly inBatch: boolean;
  /** It is to run while its disks still come. */
  readonly live?: boolean;
  /** Asked for the id of a copy that nobody has named: false where another of the batch has taken it. */
  readonly takeId?: (vmid: number) => boolean;
  /** Called when it is restored and proven, before its journal says so. */
  readonly beforeEnd?: () => void;
}

/** A planned restore, with what a batch of them shows and sums up. */
export interface ShownRestore extends Planned<RestorePlan> {
  readonly shown: RestoreView;
  /** Room that the new volumes need. */
  readonly space: GuestSpace;
}

/** A guest comes back from an archive: over itself, where it was, or as a copy beside it. */
export function restoreOperation(session: GuestSession, request: RestoreRequest): Operation<RestorePlan, ShownRestore> {
  const compare = async (before: RestorePlan, inputs: Inputs) => {
    const now = await planOf(session, withTarget(request, before));
    return { now, why: whyAnother(before, now.plan, changedInputs(inputs, now.inputs)) };
  };
  const steps = async (plan: RestorePlan, begun: BegunOperation) =>
    restoreSteps(plan, await worldOf(session, request, plan), begun);
  return {
    kind: restoreKind,
    name: `restore of ${session.selector}`,
    schema: restorePlanSchema,
    request: requestTexts(request),
    command: request.command,
    given: request.given,
    plan: () => planOf(session, request),
    permitted: async (plan) => {
      await requireRights(session.client, restoreRights(plan));
      const root = usesRoot(plan) && !session.dryRun ? await session.environment.rootClient() : undefined;
      if (root !== undefined) await requireRootSignIn(root);
    },
    steps,
    report: async (plan, journal, findings) => {
      const report = reportOf(plan, journal, await steps(plan, begunIn(journal)), findings);
      return { value: { ...report }, print: (lines) => printReport(report, lines) };
    },
    meaning: restoreMeaning,
    outlived: async (plan, inputs) => (await compare(plan, inputs)).why,
    isGone: async ({ target }) => !(await session.client.guests.exists(target)),
    lookAgain: (plan, open) =>
      lookAgain(session, open, {
        guest: plan.guest,
        target: plan.target,
        present: plan.mode === "in-place" ? plan.present : undefined,
        commit: commitOf(plan),
        lostWayBack: () => lostWayBack(session.client, plan, wayBackIn(open)),
        differs: async (asked) => {
          const { now, why } = await compare(plan, open.contents.inputs);
          return why ?? (asked === "anew" ? whyUnanswered(now.demands, request.given) : undefined);
        },
      }),
    ...(request.beforeEnd === undefined ? {} : { beforeEnd: request.beforeEnd }),
  };
}

async function worldOf(session: GuestSession, { id, checkSeconds }: RestoreRequest, plan: RestorePlan) {
  const world = await openWorld(session, checkSeconds, usesRoot(plan));
  return id === undefined ? world : { ...world, comparePulumi: () => Promise.resolve([notCompared(plan)]) };
}

function notCompared({ environment }: RestorePlan): Finding {
  const text = `not compared with Pulumi: the stack ${environment} is being updated`;
  return { severity: "todo", text, mend: pulumiLine(environment, "preview --refresh") };
}

function usesRoot(plan: RestorePlan): boolean {
  return plan.asRoot || (plan.start && plan.originals !== undefined);
}

/** The id that was found for a copy when it was planned stays its id. */
function withTarget(request: RestoreRequest, { target }: RestorePlan): RestoreRequest {
  const { wish } = request;
  return wish.targetId === "next" ? { ...request, wish: { ...wish, targetId: target.vmid } } : request;
}

async function planOf(session: GuestSession, request: RestoreRequest): Promise<ShownRestore> {
  const { client, guest, selector, environment } = session;
  const { settings } = environment;
  const declared = declaredIds(await session.context.site());
  const promised = promisedIds(session);
  const takeId = (vmid: number) => !promised.has(vmid) && (request.takeId?.(vmid) ?? true);
  refuseOpenElsewhere(session);
  const seen = await inspectRestore(client, { guest, selector, settings, declared, takeId }, request.wish);
  const wreck = request.undoes === undefined ? whyLeftover(seen, selector) : await wreckOf(session, seen);
  const options = optionsOf(session, request, seen);
  const left = await machineVolumes(client, seen, options.storage);
  const inspection = wreck === undefined ? seen : withWarning(seen, wreck);
  if (request.undoes === undefined) {
    await refuseLeft(session, inspection);
    await refuseDisksWithout(session, inspection);
  }
  const planned = planRestore(settings, inspection, {
    ...options,
    left,
    isWreck: wreck !== undefined,
  });
  const { plan, demands, space } = planned;
  const shown = viewOf(inspection, planned);
  return {
    plan,
    demands,
    inputs: inputsOf(session, inspection, plan),
    view: { value: { ...shown }, print: (lines) => printPlan(shown, lines) },
    bytes: inspection.chosen.size ?? 0,
    node: plan.target.node,
    shown,
    space,
  };
}

/** Disks of a guest that is gone: those that a restore of this machine has left half done are known, others may be what is newest. */
async function refuseDisksWithout(
  session: GuestSession,
  { location, targetId, node }: RestoreInspection,
): Promise<void> {
  if (targetId !== undefined || location.home !== undefined) return;
  const isOurs = unfinished(journalsOf(session), restoreKind) !== undefined;
  await refuseReturned(session.client, session.guest, isOurs ? node : undefined, location.nodes);
}

/** Why nothing of the present guest can be kept: the restore that is undone has deleted a part of it. */
async function wreckOf({ client, guest }: GuestSession, { present }: RestoreInspection): Promise<string | undefined> {
  if (present === undefined || present.lock !== undefined) return undefined;
  const why = await whyBroken(client, present.address);
  const isEmpty = volumesOf(present.address.type, present.configuration).length === 0;
  if (why === undefined && !isEmpty) return undefined;
  return `no save point is made of what is there, since ${guest.name} is half deleted: ${why ?? "it has no disks"}`;
}

function withWarning(inspection: RestoreInspection, warning: string): RestoreInspection {
  const { choice } = inspection;
  return { ...inspection, choice: { ...choice, warnings: [...choice.warnings, warning] } };
}

function optionsOf(
  session: GuestSession,
  { storage, storages = new Map(), given, undoes, inBatch, live = false }: RestoreRequest,
  { chosen, archived }: RestoreInspection,
): Omit<RestoreOptions, "isWreck" | "left"> {
  return {
    storage: storage ?? (chosen.type === "qemu" ? standInOf(archived, storages) : undefined),
    storages,
    withoutSavePoint: given["--without-save-point"],
    mayBeRoot: session.environment.hasRootPassword(),
    leftProtected: leftProtected(restoresAmong(journalsOf(session))),
    undoes,
    inBatch,
    live,
  };
}

/** Why a restore that was planned before is not the one of now. What its own steps have changed is no reason. */
function whyAnother(before: RestorePlan, now: RestorePlan, changed: readonly string[]): string | undefined {
  if (before.archive.volid !== now.archive.volid) {
    return `${now.archive.volid} ${now.archive.time > before.archive.time ? "is newer" : "is what would be restored now"}`;
  }
  if (changed.length > 0) return `${changed.join(" and ")} changed since`;
  return whyPlannedOtherwise(partsOf(before), partsOf(now));
}

/**
 * Digests of the parts of a plan that no step of it changes, by the words that people have for them. Jobs are not among them:
 * Proxmox does not resolve one as long as another of its guests is being restored, and what is overwritten does not depend on
 * them; nor does it on where the comparison with Pulumi is made, by the batch or by each.
 */
function partsOf({
  present,
  archive,
  releaseAlso: _released,
  compare: _compare,
  had: _had,
  ...plan
}: RestorePlan): Inputs {
  const { volid, size, time } = archive;
  const { savePoint, start, checks, host, rto, memberships, mode, target, ...others } = plan;
  const { jobs: _jobs, ...ties } = memberships;
  return digestsOf({
    "the archive": { volid, size, time },
    "whether the guest is there": present !== undefined,
    "where it goes": { mode, target },
    "its save point": savePoint,
    "its start and checks": { start, checks, host, rto },
    "its pool, high availability, firewall and replication": ties,
    "what is asked of the node": others,
  });
}

function inputsOf({ guest }: GuestSession, { chosen, present }: RestoreInspection, plan: RestorePlan) {
  return restoreInputs({
    archive: { volid: chosen.volid, size: chosen.size ?? 0, time: chosen.time },
    present: plan.mode === "in-place" ? present : undefined,
    settingsDigest: guestSettingsDigest(guest),
    plan,
  });
}

/** The one storage that a machine's disks go to, where theirs are gone. @throws CommandError (13) where it would be several */
function standInOf(archived: RestoreInspection["archived"], storages: ReadonlyMap<string, string>): string | undefined {
  const found = machineStandIn(archived, storages);
  if (typeof found !== "object") return found;
  throw new CommandError(
    `its disks would go to ${found.several.join(" and ")}, and Proxmox restores a machine to its own storages or to one`,
    {
      exitCode: exitCodes.refused,
      hint: "name one storage for all of its own: --storage OLD=NEW for each",
    },
  );
}

/** What tells one request from another. The same texts: the same command. */
export function requestTexts({
  wish,
  storage,
  storages = new Map(),
  given,
  undoes,
  id,
  live,
}: RestoreRequest): Record<string, string> {
  const texts = {
    archive: wish.archive,
    at: wish.at,
    targetId: wish.targetId?.toString(),
    node: wish.node,
    storage,
    storages: storages.size === 0 ? undefined : pairTexts(storages).join(","),
    withoutSavePoint: given["--without-save-point"]?.toString(),
    undo: undoes?.savePoint,
    request: id,
    live: live === true ? "true" : undefined,
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}
