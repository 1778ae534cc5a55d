import { dayOf } from "../../../site/opt-outs";
import { guestFindings } from "../../../site/policies/coverage";
import { formatMoment } from "../../../site/restore/moments";
import { type SpaceNeed, mayFillUp, spaceNeeds } from "../../../site/restore/space";
import { formatAgo, formatBytes } from "../../terminal/durations";
import type { Lines, Table } from "../../terminal/talk";
import type { FoundArchive } from "../steps/guest/inspection";
import { unreadText } from "../steps/guest/verified-archives";
import type { RestoreInspection } from "./inspect";
import { rootPasswordHint } from "../../project/root-password";
import type { RestorePlan } from "../steps/guest/plan";
import { describeLoss } from "../steps/guest/loss-words";
import { liveWarning } from "./live";
import type { PlannedRestore } from "./make-plan";

/** What a plan of a restore says beside its steps and questions, for people and scripts. */
export interface RestoreView {
  readonly guest: string;
  readonly vmid: number;
  readonly mode: "in-place" | "beside";
  readonly target: { readonly node: string; readonly vmid: number };
  readonly archive: ArchiveView;
  /** Why this archive. */
  readonly reason: string;
  /** Why the archive is not read to its end before anything is touched; absent where it is. */
  readonly notRead?: string;
  readonly newest: readonly ArchiveView[];
  readonly warnings: readonly string[];
  readonly lost: readonly string[];
  readonly replaced: readonly string[];
  readonly changed: readonly string[];
  readonly kept: readonly string[];
  /** Room that the new volumes need beside what is there. */
  readonly space: readonly SpaceNeed[];
}

interface ArchiveView {
  readonly volid: string;
  /** By the node's clock. */
  readonly date: string;
  /** Seconds. */
  readonly age: number;
  readonly bytes: number;
  readonly protected: boolean;
}

/** Everything that a plan says, from what was read and what was decided. */
export function viewOf(inspection: RestoreInspection, planned: PlannedRestore): RestoreView {
  const { plan, effects } = planned;
  const { choice, chosen, guest } = inspection;
  const space = spaceNeeds([planned.space], 1);
  return {
    guest: `${plan.environment}/${plan.guest}`,
    vmid: guest.id,
    mode: plan.mode,
    target: { node: plan.target.node, vmid: plan.target.vmid },
    archive: archiveView(chosen, inspection),
    reason: choice.reason,
    ...(inspection.reading.kind === "none" ? { notRead: inspection.reading.why } : {}),
    newest: choice.newest.map((archive) => archiveView(archive, inspection)),
    warnings: [
      ...choice.warnings,
      ...unsearched(inspection),
      ...inspection.targetTraces.known.map(
        (trace) => `no guest has the number ${plan.target.vmid}, and it is not unused: ${trace}`,
      ),
      ...[...inspection.targetTraces.unknown, ...inspection.targetTraces.elsewhere].map(
        (why) => `what else has the number ${plan.target.vmid} is not known: ${why}`,
      ),
      ...ownershipWarnings(inspection, plan.mode),
      ...unreadThings(inspection),
      ...lackingDisks(plan, planned),
      ...(plan.start ? [] : originalsWarning(plan, inspection)),
      ...(plan.live === true ? [liveWarning(plan)] : []),
      ...otherRuns(inspection),
      ...spaceWarnings(space),
      ...policyWarnings(inspection),
    ],
    lost: planned.losses.map(describeLoss),
    replaced:
      plan.present === undefined
        ? []
        : effects.returns.map(({ key, path }) => `${key}${path === undefined ? "" : ` (${path})`}`),
    changed:
      plan.mode === "beside"
        ? [...planned.overrides, ...(plan.start ? leftOut(plan, inspection) : [])]
        : effects.differences.map(({ key }) => key),
    kept: keptThings(planned, inspection),
    space,
  };
}

function archiveView(archive: FoundArchive, { clock }: RestoreInspection): ArchiveView {
  return {
    volid: archive.volid,
    date: formatMoment(archive.time, clock.timezone),
    age: Math.max(0, Math.round(clock.time - archive.time)),
    bytes: archive.size ?? 0,
    protected: archive.protected,
  };
}

/** A policy that is broken stops `pulumi up` and never a restore (A6): here it is only a warning. */
function policyWarnings({ guest, clock }: RestoreInspection): string[] {
  const today = dayOf(clock.time, clock.timezone);
  return guestFindings(guest, { today, adoptedDisks: new Map() }).map(({ text }) => text);
}

function unsearched({ search }: RestoreInspection): string[] {
  return search.unsearched.map(({ storage, reason }) => `storage ${storage} was not searched: ${reason}`);
}

/** An archive or a guest that is the right one although its name says otherwise, or as far as the operator knows. */
function ownershipWarnings({ ownership, chosen, guest }: RestoreInspection, mode: RestoreView["mode"]): string[] {
  const { archive, present } = ownership;
  const back = mode === "in-place" ? ": it comes back with that name" : "";
  return [
    ...(archive.kind === "renamed" ? [`${chosen.volid} is of ${guest.name} when it was '${archive.from}'${back}`] : []),
    ...(archive.kind === "unsure" ? [`${chosen.volid} was named, and may be another guest's: ${archive.why}`] : []),
    ...(archive.kind === "another" ? [`${chosen.volid} was named, and holds a guest named '${archive.whose}'`] : []),
    ...(mode === "in-place" && present?.kind === "renamed"
      ? [`the present guest bears the mark ${present.from}: the settings have given it another name`]
      : []),
  ];
}

/** What cannot be told of the archive, and of what belongs to the guest: that may be lost without a word. */
function unreadThings({ surroundings, excludedPaths, chosen }: RestoreInspection): string[] {
  return [
    ...(surroundings?.unread ?? []),
    ...(chosen.isUnread === true ? [unreadText(chosen.volid)] : []),
    ...(chosen.type === "lxc" && excludedPaths === undefined
      ? ["whether the node's vzdump.conf leaves paths out of backups is not known"]
      : []),
  ];
}

/** Disks that the machine has by its archive, and that it will not have. */
function lackingDisks({ mode, guest }: RestorePlan, { lacking }: PlannedRestore): string[] {
  return lacking.map(({ key, volume }) =>
    mode === "beside"
      ? `the copy comes without ${key}: no backup holds it`
      : `${key} of ${guest} does not come back: no backup holds it, and it is not there any more (${volume})`,
  );
}

/** What the archive has of the original's and a copy must not have: `hookscript (local:snippets/hook.pl)`. */
function originalsOf({ originals = [] }: RestorePlan, { archived }: RestoreInspection): string[] {
  return originals.map((key) => `${key} (${archived.keys[key] ?? ""})`);
}

function leftOut(plan: RestorePlan, inspection: RestoreInspection): string[] {
  return originalsOf(plan, inspection).map((option) => `no ${option}`);
}

function originalsWarning(plan: RestorePlan, inspection: RestoreInspection): string[] {
  const options = originalsOf(plan, inspection).join(" and ");
  if (options === "") return [];
  return [
    `the copy gets ${options} of its original, which only root@pam may take out: it is not started; to have them taken out, ${rootPasswordHint}`,
  ];
}

/** Only one backup runs at a time on a node: the save point waits for a run that is at work. */
function otherRuns({ tasks }: RestoreInspection): string[] {
  return tasks
    .filter(({ type }) => type === "vzdump")
    .map(
      ({ upid, user, id }) =>
        `a backup of guest ${id} by ${user} is running on the node (${upid}); a save point waits for it`,
    );
}

function keptThings({ plan, effects }: PlannedRestore, { guest, present, surroundings }: RestoreInspection): string[] {
  const kept: string[] = [];
  if (plan.mode === "beside") kept.push(`${guest.name} (${guest.id}) is left alone`);
  if (plan.savePoint !== undefined)
    kept.push(`the present ${guest.name}, as a protected save point on ${plan.savePoint.storage}`);
  kept.push("every archive that is there: nothing is pruned");
  for (const { key, path, source } of [...effects.hostMounts, ...effects.hostMountsGone]) {
    kept.push(
      plan.mode === "beside"
        ? `${source} on the node: the original's; the copy does not mount it at ${path} (${key})`
        : `${source} on the node (${key}): no restore touches it`,
    );
  }
  for (const { id, target } of surroundings?.replication ?? []) {
    kept.push(`replication ${id} to ${target}: its next run replaces what is there by the restored ${guest.name}`);
  }
  const resource = plan.mode === "beside" ? undefined : present?.highAvailability;
  if (resource !== undefined) kept.push(`high availability: ${resource.sid} stays what it is`);
  if (present === undefined && plan.mode === "in-place")
    kept.push(`nothing is in the way: there is no guest ${guest.id}`);
  return kept;
}

/** Storages that have room enough for what is certain, and not for all that the volumes may take. */
export function spaceWarnings(needs: readonly SpaceNeed[]): string[] {
  return needs
    .filter(mayFillUp)
    .map(
      ({ storage, available = 0, sizes }) =>
        `storage ${storage} has ${formatBytes(available)} free, and the new volumes may grow to ${formatBytes(sizes)}`,
    );
}

/** One line per storage. */
export function printSpace(needs: readonly SpaceNeed[], lines: Lines): void {
  printList("Space, beside what is there:", needs.map(describeNeed), lines);
}

function describeNeed({ storage, node, available, atLeast, sizes, isExact }: SpaceNeed): string {
  const place = node === undefined ? storage : `${storage} on ${node}`;
  const estimate = atLeast > 0 ? `an estimate, at least ${formatBytes(atLeast)}` : "an estimate";
  const needed = isExact ? formatBytes(sizes) : `up to ${formatBytes(sizes)} as the volumes fill up (${estimate})`;
  return `${place}: ${needed}, ${available === undefined ? "free space not known" : `${formatBytes(available)} free`}`;
}

/** The plan for people. */
export function printPlan(view: RestoreView, lines: Lines): void {
  printGuestPlan(view, lines);
  printSpace(view.space, lines);
}

/** What becomes of one guest, without what those of a batch have in common. */
export function printGuestPlan(view: RestoreView, lines: Lines): void {
  const { archive, target } = view;
  lines.heading(
    view.mode === "beside"
      ? `Plan: restore ${view.guest} beside it, as guest ${target.vmid} on ${target.node}`
      : `Plan: restore ${view.guest} (${view.vmid}) in place on ${target.node}`,
  );
  lines.hanging(
    "  from ",
    `${archive.volid}, ${archive.date}, ${formatAgo(archive.age)}, ${formatBytes(archive.bytes)}: ${view.reason}`,
  );
  if (view.notRead !== undefined) lines.hanging("  ", `Not read to its end before: ${view.notRead}.`);
  printNewest(view, lines);
  for (const warning of view.warnings) lines.hanging("  WARNING: ", warning);
  printList("Lost for good:", view.lost, lines);
  printList("Replaced by the archive's content:", view.replaced, lines);
  printList(view.mode === "beside" ? "Different from the original:" : "Settings that change:", view.changed, lines);
  printList("Kept:", view.kept, lines);
}

function printNewest({ newest, archive }: RestoreView, lines: Lines): void {
  if (newest.length === 0) return;
  lines.line("Newest backups:");
  const rows = newest.map(({ volid, date, age, bytes }) => [
    volid === archive.volid ? "→" : " ",
    date,
    formatAgo(age),
    formatBytes(bytes),
  ]);
  // An archive's name is to be copied: it is never cut, and stands below its row where there is no room beside it.
  const isNarrow = lines.room < 100;
  const table: Table = isNarrow ? rows : rows.map((row, index) => [...row, newest[index]?.volid ?? ""]);
  lines.table(table, "  ", (row) => {
    if (isNarrow) lines.line(`     ${newest[row]?.volid ?? ""}`);
  });
}

function printList(heading: string, items: readonly string[], lines: Lines): void {
  if (items.length === 0) return;
  lines.line(heading);
  for (const item of items) lines.hanging("  - ", item);
}
