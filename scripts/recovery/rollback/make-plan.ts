import type { GuestConfiguration } from "../../../proxmox/rules/guest-configuration";
import { goesBackToNewestOnly } from "../../../proxmox/rules/snapshots";
import { type RollbackChanges, rollbackChanges } from "../../../site/restore/rollback-changes";
import { type Loss, unsavedByRollback } from "../../../site/restore/losses";
import { formatMoment } from "../../../site/restore/moments";
import { type ListedSnapshot, nameByTime } from "../../../site/snapshots";
import { CommandError } from "../../terminal/command-error";
import { formatAgo } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import type { Inputs } from "../engine/digest";
import { lastingKeys, membershipsOf } from "../steps/guest/inspect-present";
import type { PresentGuest } from "../steps/guest/inspection";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { disksOf, readSnapshots } from "../steps/guest/guest-snapshots";
import { idleGuest } from "../steps/guest/idle-guest";
import { rollbackInputs } from "./inputs";
import type { RollbackPlan } from "./plan";
import { lossReason } from "../steps/guest/loss-words";
import { excludedPathsOf, mayAllocate } from "../steps/guest/node-facts";
import { hostOf, savePointOf } from "../steps/guest/save-point-plan";
import { guestSettingsDigest } from "../steps/guest/inputs";

/** A plan with what people are told and asked about it. */
export interface PlannedRollback {
  readonly plan: RollbackPlan;
  readonly changes: RollbackChanges;
  /** What the way back does not hold. */
  readonly losses: readonly Loss[];
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
  readonly timeZone: string;
  /** The node's clock, unix seconds. */
  readonly now: number;
}

/**
 * Looks at the guest and decides how it goes back. GET requests only.
 *
 * @throws CommandError (1, 10, 11, 13)
 */
export async function planRollback(
  session: GuestSession,
  name: string,
  withoutSavePoint: string | boolean | undefined,
): Promise<PlannedRollback> {
  const { client, guest, environment } = session;
  const present = await idleGuest(session);
  const { address } = present;
  const snapshots = await readSnapshots(client, address);
  const chosen = requireSnapshot(session, snapshots, name);
  const [held, clock, memberships, canSnapshot] = await Promise.all([
    client.guests.snapshotConfig(address, name),
    client.cluster.nodeTime(address.node),
    membershipsOf(client, guest.id),
    client.guests.hasSnapshots(address),
  ]);
  const newestOnly = await isNewestOnly(session, present, held);
  const wayBackName = nameByTime("before", clock.time, clock.timezone, present.snapshots);
  const wayBack = wayBackOf(withoutSavePoint, newestOnly || !canSnapshot, wayBackName);
  const plan: RollbackPlan = {
    environment: environment.name,
    guest: guest.name,
    target: { node: address.node, type: address.type, vmid: address.vmid },
    snapshot: name,
    time: chosen.time ?? 0,
    present: { running: present.running, tasks: [...present.tasks] },
    wayBack,
    ...(wayBack.kind === "save-point"
      ? {
          savePoint: savePointOf(environment.settings, {
            present,
            mayKeepAll: await mayAllocate(client, environment.settings.backup.storage.id),
          }),
        }
      : {}),
    removeNewer: newestOnly ? newerThan(snapshots, chosen).reverse() : [],
    start: present.running,
    checks: present.running ? [...guest.checks] : [],
    ...optionalHost(guest),
    memberships: { jobs: (memberships ?? []).map(({ job, disks }) => ({ job, disks: { ...disks } })) },
    compare: guest.kind !== "adopted",
  };
  const losses = wayBack.kind === "save-point" ? await lossesOf(session, present, held) : [];
  return {
    plan,
    changes: rollbackChanges(present.configuration, held),
    losses,
    demands: demandsOf(plan, losses, withoutSavePoint, clock),
    inputs: rollbackInputs(present, guestSettingsDigest(guest), plan),
    timeZone: clock.timezone,
    now: clock.time,
  };
}

/** What a save point does not hold of what goes back: disks outside the backups, and files that the node leaves out. */
async function lossesOf(
  { client, environment }: GuestSession,
  { address, configuration: later, snapshots }: PresentGuest,
  held: GuestConfigurationKeys,
): Promise<Loss[]> {
  const [current, excluded] = await Promise.all([
    client.guests.currentConfig(address),
    address.type === "lxc" ? excludedPathsOf(client, address.node, environment.settings.backup.storage.id) : [],
  ]);
  return [
    ...unsavedByRollback(address.type, { keys: lastingKeys(current), later, snapshots }, held),
    ...(excluded ?? []).map((name) => ({ kind: "excluded", name }) as const),
  ];
}

function requireSnapshot(
  { guest, selector }: GuestSession,
  snapshots: readonly ListedSnapshot[],
  name: string,
): ListedSnapshot {
  const chosen = snapshots.find((snapshot) => snapshot.name === name);
  if (chosen === undefined) {
    const names = snapshots.map((snapshot) => snapshot.name);
    throw new CommandError(
      `${guest.name} has no snapshot ${name} (${names.length === 0 ? "it has none" : `there is: ${names.join(", ")}`})`,
      {
        exitCode: exitCodes.nothing,
        hint: `see what there is: lifeboat snapshots ${selector}; or restore a backup: lifeboat restore guest ${selector}`,
      },
    );
  }
  if (chosen.incomplete) {
    throw new CommandError(`snapshot ${name} of ${guest.name} was never finished`, {
      exitCode: exitCodes.refused,
      hint: `choose another: lifeboat snapshots ${selector}`,
    });
  }
  return chosen;
}

/** By the disks that go back: those that the snapshot holds. */
async function isNewestOnly(
  { client }: GuestSession,
  { address }: PresentGuest,
  held: GuestConfigurationKeys,
): Promise<boolean> {
  const disks = await disksOf(client, address, held);
  return disks.some(({ storageType }) => storageType !== undefined && goesBackToNewestOnly(storageType));
}

type GuestConfigurationKeys = GuestConfiguration["keys"];

/** By the order of the list, which is that of time: snapshots of one second have one time. */
function newerThan(snapshots: readonly ListedSnapshot[], chosen: ListedSnapshot): string[] {
  return snapshots.slice(snapshots.indexOf(chosen) + 1).map(({ name }) => name);
}

function wayBackOf(
  withoutSavePoint: string | boolean | undefined,
  byBackup: boolean,
  name: string,
): RollbackPlan["wayBack"] {
  if (withoutSavePoint !== undefined && withoutSavePoint !== false) return { kind: "none" };
  return byBackup ? { kind: "save-point" } : { kind: "snapshot", name };
}

function optionalHost(guest: GuestSession["guest"]): { host: string } | Record<string, never> {
  const host = hostOf(guest);
  return host === undefined ? {} : { host };
}

function demandsOf(
  plan: RollbackPlan,
  losses: readonly Loss[],
  withoutSavePoint: string | boolean | undefined,
  { time, timezone }: { time: number; timezone: string },
): Demand[] {
  const { guest, snapshot, removeNewer } = plan;
  const demands: Demand[] = [];
  if (plan.present.running) {
    demands.push({
      flag: "--stop",
      reason: `${guest} is running and must be stopped`,
      question: `${guest} is running. Stop it?`,
    });
  }
  if (removeNewer.length > 0 || losses.length > 0) {
    const newer = removeNewer.join(", ");
    const reasons = losses.length === 0 ? [] : [lossReason(losses)];
    const goes = `the storage goes back to its newest snapshot only: ${newer} would be removed`;
    const asks = `The newer snapshots ${newer} would be removed`;
    demands.push({
      flag: "--accept-loss",
      reason: [...(newer === "" ? [] : [goes]), ...reasons].join("; "),
      question: `${[...(newer === "" ? [] : [asks]), ...reasons].join("; ")}. Go on?`,
    });
  }
  if (plan.wayBack.kind === "none" && withoutSavePoint !== undefined) {
    demands.push({
      flag: "--without-save-point",
      reason: `without a save point there is no way back to the present ${guest}`,
      question: `There will be no way back to the present ${guest}.`,
      typed: guest,
    });
  }
  const date = formatMoment(plan.time, timezone);
  const question = `Roll ${guest} back to ${snapshot} of ${date} (${formatAgo(time - plan.time)})?`;
  return [...demands, { flag: forceFlag, reason: "the plan is not confirmed", question }];
}
