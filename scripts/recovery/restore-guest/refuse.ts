import { counted } from "../../terminal/text";
import { nodeTools } from "../../../proxmox/rules/node-tools";
import { shellQuote } from "../../machine/shell-quote";
import type { TargetOptions, VolumeTargets } from "../../../site/restore/volume-targets";
import { type SpaceNeed, isTooSmall } from "../../../site/restore/space";
import { mendAnother, tellAnother, tellArchive } from "../../../site/restore/identity";
import { isSavePoint } from "../../../site/restore/save-point";
import { protectionExcess } from "../../../site/restore/protection-limit";
import { formatMoment } from "../../../site/restore/moments";
import type { InPlaceEffects } from "../../../site/restore/losses";
import { nodeDevices } from "../../../site/restore/originals-own";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { taskAtWork } from "../steps/guest/idle-guest";
import { keepDisksAdvice } from "../steps/guest/shared-disks";
import type { RestoreInspection } from "./inspect";
import type { RestorePlan } from "../steps/guest/plan";
import { volumesOf } from "../steps/guest/guest-snapshots";
import { isRealDisk, seedInTheWay, seedPlaces } from "../../../site/restore/machine-drives";
import { seedHint, seedText } from "./seed-volume";
import { rootPasswordHint } from "../../project/root-password";

/** What a refusal needs to know beyond the inspection. */
export interface RefusalContext {
  /** `prod/web`. */
  readonly selector: string;
  readonly targetId: number | undefined;
  readonly storage: TargetOptions["storage"];
  readonly effects: InPlaceEffects;
  readonly volumes: VolumeTargets;
  /** What the node has of the machine that is restored in place. */
  readonly left: readonly string[];
  /** A credential of root@pam is set. */
  readonly mayBeRoot: boolean;
}

/**
 * Everything that Proxmox, or safety, would refuse, found before anything is changed. The first one that holds is thrown.
 *
 * @throws CommandError (2, 11, 13)
 */
export function refuseImpossible(inspection: RestoreInspection, context: RefusalContext): void {
  refuseStranger(inspection, context);
  refuseTemplate(inspection, context);
  if (context.targetId === undefined) {
    refuseElsewhere(inspection, context);
    refuseBusy(inspection, context);
    refuseOverwritingStranger(inspection, context);
    refuseLinkedClones(inspection, context);
    refuseHostMounts(context);
  } else {
    refuseTaken(inspection, context.targetId);
  }
  refuseNodeDevices(inspection, context);
  const [problem] = context.volumes.problems;
  if (problem !== undefined) throw refusal(problem, "choose another archive with --archive");
  for (const storage of storagesOf(context.volumes)) refuseStorage(storage, inspection, context);
  if (context.targetId === undefined) refuseSeed(inspection, context);
}

function refusal(message: string, hint: string | undefined, exitCode: ExitCode = exitCodes.refused): CommandError {
  return new CommandError(message, { exitCode, hint });
}

/** A machine that is a template runs never, and nothing can be proven of it. A container's archive never makes one (semantics §5). */
function refuseTemplate({ archived, present, guest, chosen }: RestoreInspection, { targetId }: RefusalContext): void {
  if (chosen.type !== "qemu") return;
  const isTemplate = archived.keys["template"] === "1";
  if (!isTemplate && (targetId !== undefined || present?.configuration["template"] !== "1")) return;
  const what = isTemplate ? `${chosen.volid} holds a template` : `${guest.name} is a template`;
  throw refusal(
    `${what}, which nothing runs from and nothing is proven of`,
    `by hand on the node, with its clones in mind: qmrestore ${shellQuote(chosen.volid)} ${guest.id}`,
  );
}

/** @throws CommandError (13) for another's archive, and for one that may be another's unless it is named (D15) */
function refuseStranger(inspection: RestoreInspection, { selector, targetId }: RefusalContext): void {
  const { guest, chosen, ownership, isNamed, freeId } = inspection;
  const { archive, olderOwn } = ownership;
  const restore = `lifeboat restore guest ${selector}`;
  const own =
    olderOwn === undefined
      ? ""
      : `restore the newest of ${selector} itself: ${restore} --archive ${shellQuote(olderOwn)}; or `;
  if (archive.kind === "unsure" && !isNamed) {
    throw refusal(
      tellArchive(chosen.volid, archive, selector),
      `${own}if it is, name it: ${restore} --archive ${shellQuote(chosen.volid)}`,
    );
  }
  if (archive.kind !== "another" || (!archive.isMarked && isNamed && targetId !== undefined)) return;
  const message = `${tellArchive(chosen.volid, archive, selector)}, whose number was ${guest.id} as well`;
  const look = `see all archives: lifeboat backups ${selector}`;
  const copy = `look into it as a copy: ${restore} --archive ${shellQuote(chosen.volid)} --target-id ${freeId}`;
  throw refusal(message, own + (archive.isMarked ? look : copy));
}

/** @throws CommandError (13) for a guest that is not the one to be overwritten (D15) */
function refuseOverwritingStranger(
  { guest, present, ownership, freeId }: RestoreInspection,
  { selector }: RefusalContext,
): void {
  if (present === undefined || ownership.present?.kind !== "another") return;
  const beside = `restore beside it: lifeboat restore guest ${selector} --target-id ${freeId}`;
  throw refusal(
    tellAnother(`guest ${guest.id} on ${present.address.node}`, ownership.present, selector),
    `${beside}; or ${mendAnother(present.address, selector)}`,
  );
}

/** A template whose volumes others build upon cannot be deleted, which Proxmox finds out when the new volumes are made. */
function refuseLinkedClones(
  { guest, present, surroundings, freeId }: RestoreInspection,
  { selector }: RefusalContext,
): void {
  if (present?.configuration["template"] !== "1" || surroundings === undefined) return;
  const { clones, unread } = surroundings;
  const beside = `restore beside it: lifeboat restore guest ${selector} --target-id ${freeId}`;
  if (clones.length > 0) {
    throw refusal(`${guest.name} is a template, and linked clones build upon it: ${clones.join(", ")}`, beside);
  }
  const why = unread.find((text) => text.startsWith("whether linked clones"));
  if (why !== undefined) throw refusal(`${guest.name} is a template, and ${why}`, beside, exitCodes.unavailable);
}

/** An id exists once in a cluster: a guest that is on one node cannot be made on another. */
function refuseElsewhere(inspection: RestoreInspection, { selector }: RefusalContext): void {
  const { guest, node, location, freeId, chosen } = inspection;
  const { home, homeIsOffline, sharedDisks } = location;
  const { program, folder } = nodeTools(chosen.type);
  if (home === undefined || home === node) return;
  const copy = `restore a copy there: lifeboat restore guest ${selector} --node ${node} --target-id ${freeId}`;
  if (homeIsOffline) {
    const { disks, unseen } = sharedDisks;
    const away = `mv /etc/pve/nodes/${home}/${folder}/${guest.id}.conf /root/ on a node, and again`;
    throw refusal(
      `${home}, which is offline, still has ${guest.name} (${guest.id}), and Proxmox takes an id once in a cluster`,
      keepDisksAdvice(disks, { vmid: guest.id, type: chosen.type }, home, node) ??
        (unseen.length > 0
          ? `whether its disks outlive ${home} cannot be seen (${unseen.join("; ")}): make them visible, so that newer data is not left behind; or ${copy}`
          : `${copy}; or, if ${home} will never come back as it was: ${away}`),
    );
  }
  throw refusal(
    `${guest.name} (${guest.id}) is on ${home}, and Proxmox takes an id once in a cluster`,
    `${copy}; or move it first: ${program} migrate ${guest.id} ${node}`,
  );
}

/** From another machine, or by hand: the node knows who is at work. */
function refuseBusy(inspection: RestoreInspection, { selector }: RefusalContext): void {
  const { guest, present, tasks, freeId } = inspection;
  const { program } = nodeTools(present?.address.type ?? inspection.chosen.type);
  // A run over more than one guest may include this one; a guest that is not there is in none.
  const busy = tasks.find(({ id }) => id === String(guest.id) || (id === "" && present !== undefined));
  if (busy !== undefined) throw taskAtWork(guest.name, busy);
  const beside = `restore beside it: lifeboat restore guest ${selector} --target-id ${freeId}`;
  if (present?.lock !== undefined) {
    throw refusal(
      `${guest.name} is locked on its node (${present.lock}); ${lockHolder(inspection)}`,
      `if that is over, remove the lock on the node: ${program} unlock ${guest.id}; or ${beside}`,
    );
  }
  if (present?.protection === true) {
    throw refusal(
      `${guest.name} is protected against this by Proxmox (protection)`,
      `take the protection off (in Proxmox: Options, Protection; on the node: ${program} set ${guest.id} --protection 0); or ${beside}`,
    );
  }
}

/** No running task holds the lock: it was left behind, or the token may not see the task that does. */
function lockHolder({ lastTask, clock }: RestoreInspection): string {
  if (lastTask === undefined) return "no task of it can be seen";
  const { type, user, starttime, status } = lastTask;
  const when = `begun at ${formatMoment(starttime, clock.timezone)}`;
  return `no task of it is at work, the last one was '${type}' by ${user ?? "somebody"}, ${when}, and ended with '${status ?? "unknown"}'`;
}

function refuseTaken({ guest, targetIsFree, targetTraces, freeId }: RestoreInspection, targetId: number): void {
  if (targetId === guest.id) {
    throw refusal(`--target-id ${targetId} is the guest itself`, "leave it out to restore in place", exitCodes.usage);
  }
  if (targetIsFree) return;
  const known = targetTraces.known.length === 0 ? "" : `: ${targetTraces.known.join(", ")}`;
  throw refusal(`the id ${targetId} is taken by another guest${known}`, `give another one: --target-id ${freeId}`);
}

/** Proxmox finds out that a drive of cloud-init cannot be made when the machine's disks are gone. */
function refuseSeed({ guest, chosen, archived, present }: RestoreInspection, { left, storage }: RefusalContext): void {
  if (chosen.type !== "qemu") return;
  const found = seedInTheWay(seedPlaces(archived.keys, storage), present?.configuration, left);
  // What a failed restore has left is deleted by the step that restores.
  const isLeftover = present !== undefined && volumesOf(present.address.type, present.configuration).length === 0;
  if (found === undefined || isLeftover) return;
  throw refusal(seedText(found, guest.id), seedHint(found, guest.id, present?.configuration));
}

function refuseHostMounts({ effects, mayBeRoot }: RefusalContext): void {
  if (effects.hostMounts.length === 0 || mayBeRoot) return;
  const mounts = effects.hostMounts.map(({ key, path, source }) => `${key} (${source} at ${path})`).join(", ");
  throw refusal(
    `the archive has folders of the node mounted, which only root@pam may restore: ${mounts}`,
    rootPasswordHint,
  );
}

/** Real devices of the node in a machine's archive: whatever becomes of them, Proxmox lets only root@pam make it. */
function refuseNodeDevices({ chosen, archived }: RestoreInspection, { mayBeRoot }: RefusalContext): void {
  const devices = chosen.type === "qemu" ? nodeDevices(archived.keys) : [];
  if (devices.length === 0 || mayBeRoot) return;
  const list = devices.map((key) => `${key} (${archived.keys[key] ?? ""})`).join(", ");
  throw refusal(`the archive has devices of the node, which only root@pam may restore: ${list}`, rootPasswordHint);
}

/** Disks of the node itself that no backup holds: Proxmox takes them off the machine. @throws CommandError (13) without root@pam */
export function refuseRealDisks({ putBack = [] }: RestorePlan, { mayBeRoot }: Pick<RefusalContext, "mayBeRoot">): void {
  const disks = putBack.filter(isRealDisk).map(({ key, volume }) => `${key} (${volume})`);
  if (disks.length === 0 || mayBeRoot) return;
  throw refusal(
    `the machine has disks of the node, which Proxmox takes off it and only root@pam may put back: ${disks.join(", ")}`,
    rootPasswordHint,
  );
}

/**
 * A storage that lets only so many archives of a guest be protected would fail the restore when its guest is stopped.
 *
 * @throws CommandError (13)
 */
export function refuseExcess({ search, node, chosen, protectionLimits }: RestoreInspection, plan: RestorePlan): void {
  const here = search.archives.filter(({ nodes, type }) => nodes.includes(node) && type === chosen.type);
  const wanted = [
    ...(plan.archive.protect ? [chosen.storage] : []),
    ...(plan.savePoint === undefined ? [] : [plan.savePoint.storage]),
  ];
  const [excess] = protectionExcess(here, wanted, protectionLimits);
  if (excess === undefined) return;
  const { storage, limit, present, wanted: further } = excess;
  const selector = `${plan.environment}/${plan.guest}`;
  const hasSavePoints = here.some(({ notes }) => isSavePoint(notes));
  const way = hasSavePoints
    ? `give up old save points: lifeboat undo ${selector} --forget`
    : `take the protection off archives that need none: lifeboat backups ${selector}`;
  throw refusal(
    `storage ${storage} lets a guest have ${counted(limit, "protected archive")}; ${plan.guest} has ${present}, and the restore needs ${further} more`,
    `${way}; or give the token Datastore.Allocate on /storage/${storage}, for which there is no limit`,
  );
}

function storagesOf({ targets }: VolumeTargets): string[] {
  return [...new Set(targets.map(({ storage }) => storage))];
}

function refuseStorage(id: string, inspection: RestoreInspection, context: RefusalContext): void {
  const code = context.storage === undefined ? exitCodes.refused : exitCodes.usage;
  const storage = inspection.storages.find((known) => known.id === id);
  const isMachine = inspection.chosen.type === "qemu";
  const wanted = isMachine ? "images" : "rootdir";
  const fit = inspection.storages.filter(({ active, content }) => active && content.includes(wanted));
  const names = fit.map((known) => known.id).filter((known) => known !== id);
  const other = `put all volumes on another one with --storage${names.length === 0 ? "" : ` (${names.join(", ")})`}`;
  if (storage === undefined) {
    throw refusal(`storage ${id} is not there on ${inspection.node}, or the token may not use it`, other, code);
  }
  if (!storage.content.includes(wanted)) {
    throw refusal(`storage ${id} does not take ${isMachine ? "disks of virtual machines" : "containers"}`, other, code);
  }
  if (!storage.active) throw refusal(`storage ${id} is not active on ${inspection.node}`, other);
}

/**
 * Old and new volumes need room side by side (D9). Also for a batch.
 *
 * @throws CommandError (13)
 */
export function refuseFull(needs: readonly SpaceNeed[]): void {
  const short = needs.filter(isTooSmall);
  if (short.length === 0) return;
  const lacks = short.map(({ storage, node, available = 0, atLeast, guests }) => {
    const place = node === undefined ? storage : `${storage} of ${node}`;
    const whose = guests.length === 1 ? "the restore needs" : `the restores of ${guests.join(", ")} need`;
    return `storage ${place} has ${formatBytes(available)} free, and ${whose} at least ${formatBytes(atLeast)} beside what is there`;
  });
  const fewer = short.some(({ guests }) => guests.length > 1) ? ", or restore fewer at once (--parallel 1)" : "";
  const [guest] = short.flatMap(({ guests }) => guests);
  throw refusal(
    lacks.join("; "),
    `make room (lifeboat snapshots ${guest ?? "GUEST"} shows what snapshots of it there are; volumes that no guest uses: pvesm list ${short[0]?.storage ?? ""} on the node), or put all volumes on another storage with --storage${fewer}`,
  );
}
