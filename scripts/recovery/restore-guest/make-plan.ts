import { isDriveKey, isUnusedKey } from "../../../proxmox/rules/property-strings";
import { backupServerOwner } from "../../../proxmox/rules/volume-ids";
import { type CopyOverrides, copyOverrides } from "../../../site/restore/copy-overrides";
import {
  type InPlaceEffects,
  inPlaceEffects,
  type Loss,
  type PresentConfiguration,
  withoutHostMounts,
} from "../../../site/restore/losses";
import { nodeDevices, originalsOwn } from "../../../site/restore/originals-own";
import { nodeRight } from "../../../site/restore/node-right";
import { type GuestSpace, spaceNeeds } from "../../../site/restore/space";
import { isRealDisk, type LeftDisk, leftDisks, ownNotes, seedPlaces } from "../../../site/restore/machine-drives";
import { machineTargets } from "../../../site/restore/machine-targets";
import { type VolumeTargets, volumeTargets } from "../../../site/restore/volume-targets";
import type { Environment, Guest } from "../../../site/settings/environment";
import { hasLeft } from "../../../site/left-guest";
import type { Demand } from "../engine/consent";
import type { PresentGuest } from "../steps/guest/inspection";
import { demandsOf } from "./demands";
import { membershipsExpected } from "./expected-memberships";
import type { RestoreInspection } from "./inspect";
import type { RestoreOptions } from "./restore-options";
import { refuseLive } from "./live";
import { refuseExcess, refuseFull, refuseImpossible, refuseRealDisks } from "./refuse";
import type { RestorePlan } from "../steps/guest/plan";
import { savePointOf, hostOf } from "../steps/guest/save-point-plan";

/** A plan with what people see of it and are asked. */
export interface PlannedRestore {
  readonly plan: RestorePlan;
  readonly effects: InPlaceEffects;
  /** Everything that is lost, disks and what is beside them. */
  readonly losses: readonly Loss[];
  readonly volumes: VolumeTargets;
  /** What the operator must answer. */
  readonly demands: readonly Demand[];
  /** Room that the new volumes need. */
  readonly space: GuestSpace;
  /** Disks of a machine that no backup holds and that do not come back. */
  readonly lacking: readonly LeftDisk[];
  /** Changes that a copy gets so that it cannot collide with the original. */
  readonly overrides: readonly string[];
}

/**
 * Decides how a guest is restored. A function of what was read: no requests, no clock.
 *
 * @throws CommandError (2, 11, 13) when it cannot or must not be done.
 */
export function planRestore(
  environment: Environment,
  inspection: RestoreInspection,
  options: RestoreOptions,
): PlannedRestore {
  const { guest, present, archived, chosen, targetId } = inspection;
  const inPlace = targetId === undefined;
  const effects = inPlaceEffects(
    chosen.type,
    inPlace ? present && presentOf(present, inspection.surroundings) : undefined,
    archived,
  );
  const volumes = targetsOf(inspection, options);
  refuseImpossible(inspection, {
    selector: `${environment.name}/${guest.name}`,
    effects,
    volumes,
    targetId,
    ...options,
  });
  const copy = inPlace ? undefined : copyOf(inspection);
  const plan = buildPlan(environment, inspection, options, { effects, volumes, copy });
  refuseRealDisks(plan, options);
  refuseExcess(inspection, plan);
  if (options.live) refuseLive(inspection, plan);
  const losses = [...effects.losses, ...(plan.present === undefined ? [] : besideDisks(inspection))];
  const space = spaceOf(inspection, plan, volumes);
  if (!options.inBatch) refuseFull(spaceNeeds([space], 1));
  return {
    plan,
    effects,
    volumes,
    space,
    losses,
    demands: demandsOf(plan, losses, options, inspection),
    lacking: lackingDisks(inspection, plan),
    overrides: copy?.changes ?? [],
  };
}

/** The disks that are made: of a container by the request, of a machine by what the archive says. */
function targetsOf(inspection: RestoreInspection, { storage, storages }: RestoreOptions): VolumeTargets {
  const { chosen, archived, present, targetId } = inspection;
  if (chosen.type === "qemu") return machineTargets(archived, storage);
  const inPlace = targetId === undefined;
  // A copy beside its original must not write into the same folder of the node.
  const disks = inPlace ? archived.keys : withoutHostMounts(archived.keys);
  const wanted = inPlace ? present?.configuration : undefined;
  return volumeTargets(disks, { storage, storages, wanted, makeMissing: true });
}

/** What a restore over a guest takes from it although it is on none of its disks, or in no backup of them. */
function besideDisks({ surroundings, excludedPaths, chosen }: RestoreInspection): Loss[] {
  // Of a machine's disks vzdump leaves out no files: it does not look into them.
  const excluded = chosen.type === "lxc" ? (excludedPaths ?? []) : [];
  return [
    ...excluded.map((name) => ({ kind: "excluded", name }) as const),
    ...(surroundings?.firewall ?? []).map((name) => ({ kind: "firewall", name }) as const),
  ];
}

function presentOf(present: PresentGuest, surroundings: RestoreInspection["surroundings"]): PresentConfiguration {
  const { configuration: later, snapshots } = present;
  return { keys: surroundings?.current ?? later, later, snapshots };
}

function spaceOf({ storages, chosen }: RestoreInspection, plan: RestorePlan, { targets }: VolumeTargets): GuestSpace {
  const { guest, target, present } = plan;
  const overwrites = present !== undefined;
  const archive = { bytes: chosen.size ?? 0, isPacked: backupServerOwner(chosen.volid) === undefined };
  return { guest, node: target.node, archive, volumes: targets, storages, overwrites };
}

function copyOf({ archived, chosen, guest, targetId }: RestoreInspection): CopyOverrides {
  return copyOverrides(archived.keys, {
    kind: chosen.type,
    targetId: targetId ?? guest.id,
    sourceId: guest.id,
    archive: chosen.volid,
  });
}

interface PlanParts {
  readonly effects: InPlaceEffects;
  readonly volumes: VolumeTargets;
  readonly copy: CopyOverrides | undefined;
}

function buildPlan(
  environment: Environment,
  inspection: RestoreInspection,
  options: RestoreOptions,
  { effects, volumes, copy }: PlanParts,
): RestorePlan {
  const { guest, node, present, chosen } = inspection;
  const overwritten = copy === undefined ? present : undefined;
  const originals = copy === undefined ? [] : originalsOwn(inspection.archived.keys);
  const start = options.undoes?.start ?? startsAfterwards(guest, copy !== undefined, originals, options);
  const savePoint =
    overwritten === undefined || options.withoutSavePoint || options.isWreck
      ? undefined
      : savePointOf(environment, inspection);
  const host = copy === undefined ? hostOf(guest) : undefined;
  const back = putBackOf(inspection, options, overwritten, copy === undefined);
  return {
    mode: copy === undefined ? "in-place" : "beside",
    environment: environment.name,
    guest: guest.name,
    ...(hasLeft(guest) ? { left: true } : {}),
    source: { node: inspection.location.home ?? guest.node, vmid: guest.id },
    target: { node, type: chosen.type, vmid: inspection.targetId ?? guest.id },
    archive: archiveOf(inspection),
    releaseAlso: stillProtected(inspection, options.leftProtected),
    ...(copy === undefined && node !== guest.node ? { declaredNode: guest.node } : {}),
    ...(overwritten === undefined ? {} : { present: { running: overwritten.running, tasks: [...overwritten.tasks] } }),
    ...(savePoint === undefined ? {} : { savePoint }),
    request: { ...requestOf(inspection, volumes, copy), ...(options.live ? { "live-restore": true } : {}) },
    ...(chosen.type === "qemu" ? { madeOn: storagesOf(volumes) } : {}),
    ...back,
    ...(chosen.type === "qemu" && copy === undefined
      ? { had: [...volumesIn(overwritten?.configuration), ...volumesIn(inspection.surroundings?.current)] }
      : {}),
    ...seedsOf(inspection, options, copy === undefined),
    asRoot: needsRoot(inspection, effects, { isCopy: copy !== undefined, ...back }),
    ...(options.live ? { live: true as const } : {}),
    ...nodeRightOf(inspection, overwritten),
    ...(originals.length === 0 ? {} : { originals }),
    start,
    ...(guest.objectives.rto === undefined ? {} : { rto: guest.objectives.rto }),
    checks: start ? (copy === undefined ? [...guest.checks] : [{ kind: "running" }]) : [],
    ...(host === undefined ? {} : { host }),
    memberships: membershipsExpected(environment, inspection),
    compare: copy === undefined && guest.kind !== "adopted" && !options.inBatch,
    ...(options.undoes === undefined ? {} : { undoes: undoesOf(options.undoes) }),
  };
}

/** A copy of a container gets no mounts of the node; of a machine Proxmox brings everything back that the archive has. */
function needsRoot(
  { chosen, archived }: RestoreInspection,
  { hostMounts }: InPlaceEffects,
  { isCopy, putBack = [] }: { readonly isCopy: boolean; readonly putBack?: readonly LeftDisk[] },
): boolean {
  if (chosen.type === "qemu") return nodeDevices(archived.keys).length > 0 || putBack.some(isRealDisk);
  return !isCopy && hostMounts.length > 0;
}

function nodeRightOf({ archived, chosen }: RestoreInspection, overwritten: PresentGuest | undefined) {
  if (chosen.type === "qemu") return {};
  const why = nodeRight(archived.keys, overwritten?.configuration);
  return why === undefined ? {} : { nodeRight: why };
}

function archiveOf({ chosen, choice, reading }: RestoreInspection): RestorePlan["archive"] {
  const { volid, size = 0, time } = chosen;
  const [older] = choice.older;
  return {
    volid,
    size,
    time,
    protect: !chosen.protected,
    reading,
    ...(older === undefined ? {} : { older: older.volid }),
  };
}

function stillProtected({ search }: RestoreInspection, volids: readonly string[]): string[] {
  return volids.filter((volid) => search.archives.some((archive) => archive.volid === volid && archive.protected));
}

/** A guest that the settings keep stopped stays stopped, and a copy that would work on what is its original's. */
function startsAfterwards(
  guest: Guest,
  isCopy: boolean,
  originals: readonly string[],
  { mayBeRoot }: RestoreOptions,
): boolean {
  if (isCopy) return originals.length === 0 || mayBeRoot;
  return guest.kind === "adopted" || guest.started;
}

function undoesOf({ operation, savePoint }: NonNullable<RestoreOptions["undoes"]>): NonNullable<RestorePlan["undoes"]> {
  return { savePoint, ...(operation === undefined ? {} : { operation }) };
}

function storagesOf({ targets }: VolumeTargets): string[] {
  return [...new Set(targets.map(({ storage }) => storage))];
}

function volumesIn(configuration: Readonly<Record<string, string>> = {}): string[] {
  const keys = Object.keys(configuration).filter((key) => isDriveKey(key) || isUnusedKey(key));
  return keys.map((key) => configuration[key]?.split(",")[0] ?? "");
}

function seedsOf({ chosen, archived }: RestoreInspection, { storage }: RestoreOptions, isInPlace: boolean) {
  const seeds = chosen.type === "qemu" && isInPlace ? seedPlaces(archived.keys, storage) : [];
  return seeds.length === 0 ? {} : { seeds };
}

/** Disks that Proxmox takes off a machine although they are its own. */
/**
 * Only what is there: what a restore that died leaves may get the name of a disk that is gone. Whether a device of the node is
 * there nobody can tell; a whole machine that has it no more is to do without.
 */
function putBackOf(
  { chosen, archived }: RestoreInspection,
  { left, isWreck }: RestoreOptions,
  overwritten: PresentGuest | undefined,
  isInPlace: boolean,
): { putBack?: LeftDisk[] } {
  const wanted = chosen.type === "qemu" && isInPlace ? leftDisks(overwritten?.configuration, archived) : [];
  const isLost = overwritten === undefined || isWreck;
  const disks = wanted.filter(
    (disk) =>
      overwritten?.configuration[disk.key] !== undefined || (isRealDisk(disk) ? isLost : left.includes(disk.volume)),
  );
  return disks.length === 0 ? {} : { putBack: disks };
}

/** Disks that no backup holds and that do not come back: the copy of a machine has none of them, a lost one not those that are gone. */
function lackingDisks(
  { chosen, archived, present }: RestoreInspection,
  { mode, putBack = [] }: RestorePlan,
): LeftDisk[] {
  if (chosen.type !== "qemu") return [];
  if (mode === "beside") return leftDisks(undefined, archived);
  return leftDisks(present?.configuration, archived).filter(({ key }) => !putBack.some((disk) => disk.key === key));
}

/** `force` is added when the request is sent, if a guest is still in the way then. */
function requestOf(
  { guest, present, chosen, archived }: RestoreInspection,
  volumes: VolumeTargets,
  copy: CopyOverrides | undefined,
): RestorePlan["request"] {
  const pool = copy === undefined && present === undefined && guest.kind !== "adopted" ? guest.pool : undefined;
  return {
    [chosen.type === "lxc" ? "ostemplate" : "archive"]: chosen.volid,
    ...volumes.parameters,
    ...(pool === undefined ? {} : { pool }),
    // Proxmox would add the lines of disks that it takes off to the notes.
    ...(chosen.type === "qemu" && copy === undefined ? { description: ownNotes(archived) } : {}),
    ...copy?.parameters,
  };
}
