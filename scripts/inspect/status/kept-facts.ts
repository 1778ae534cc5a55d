import { formatMoment } from "../../../site/restore/moments";
import { formatAgo, formatBytes } from "../../terminal/durations";
import { counted } from "../../terminal/text";
import type { DataStatus } from "./data-status";
import type { EnvironmentStatus } from "./environment-status";
import type { CopyStatus } from "./state-status";

/** What is kept besides archives, and whether somebody watches: labels and texts. */
export function keptFacts(status: EnvironmentStatus): [label: string, text: string][] {
  return [
    ...stateFacts(status),
    ...monitoringFacts(status),
    ...(status.data ?? []).map((source): [string, string] => ["dump", dumpText(source, status)]),
    ...(status.data ?? []).flatMap((source) => archiveFacts(source, status)),
    ...offsiteFacts(status),
    ...leftFacts(status),
  ];
}

/** How many guests are named that have left. */
const shownLeft = 3;

/** Nobody's trouble; but nothing removes them, and somebody may look for them. */
function leftFacts({ name, left, now, timeZone }: EnvironmentStatus): [label: string, text: string][] {
  const more = left.length - shownLeft;
  return [
    ...left.slice(0, shownLeft).map(({ id, backups, bytes, newest, notes }): [string, string] => {
      const who = notes === "" ? String(id) : `${String(id)} ('${notes}')`;
      const when = `newest ${minute(newest, timeZone)} (${agoOf(newest * 1_000, now)})`;
      const what = `${counted(backups, "backup")} of a guest that is gone, ${formatBytes(bytes)}, ${when}`;
      return ["left", `${who}: ${what}: lifeboat backups ${name}/${String(id)}`];
    }),
    ...(more > 0
      ? [["left", `and of ${counted(more, "guest")} more: lifeboat status --json`] satisfies [string, string]]
      : []),
  ];
}

function stateFacts({ state, now, timeZone }: EnvironmentStatus): [label: string, text: string][] {
  if (state === undefined) return [];
  const { lives, place, modified, trouble, damage, objectLock, copies } = state;
  const words = { store: "in the store", fallback: "FALLBACK", local: "on this machine", elsewhere: "elsewhere" };
  const when = modified === undefined ? "" : `, written ${agoOf(modified, now)}`;
  const written = damage === undefined ? when : `${when}, CANNOT BE USED`;
  const isUnseen = lives === "store" && trouble === undefined && objectLock === undefined;
  return [
    ["state", `${words[lives]}: ${place}${written}${isUnseen ? "; whether it has object lock is not known" : ""}`],
    ...copies.map((copy): [string, string] => ["copy", copyText(copy, now, timeZone)]),
  ];
}

function monitoringFacts({ monitoring, now, timeZone }: EnvironmentStatus): [label: string, text: string][] {
  if (monitoring === undefined) return [];
  const { guest, watches, since } = monitoring;
  if (watches !== true) return [["watching", `${guest}: ${watches === false ? "DOES NOT WATCH" : "not known"}`]];
  const measured =
    since === undefined ? "" : `, measurements since ${minute(since, timeZone)} (${agoOf(since * 1_000, now)})`;
  return [["watching", `${guest}${measured}`]];
}

/** What nobody could look at is not called missing. */
function dumpText(
  { guest, source, unseen, newest, lastRun, drill }: DataStatus,
  { now, timeZone }: EnvironmentStatus,
): string {
  const who = `${guest}/${source}`;
  if (unseen !== null) return `${who}: not known`;
  const failed = lastRun?.result === "error" || lastRun?.result === "killed" ? "; THE LAST RUN FAILED" : "";
  if (newest === null) return `${who}: ${lastRun?.result === "never" ? "never made" : "none"}${failed}`;
  const { time, bytes } = newest;
  return `${who}: ${minute(time, timeZone)} (${agoOf(time * 1_000, now)}), ${formatBytes(bytes)}${failed}${drillText(drill, now)}`;
}

function drillText(drill: DataStatus["drill"], now: number): string {
  if (drill === null) return "";
  return `; ${drill.proven ? "drilled" : "THE LAST DRILL FAILED"} ${agoOf(drill.time * 1_000, now)}`;
}

/** How far a cluster can go back in time. */
function archiveFacts(
  { guest, source, pointInTime }: DataStatus,
  { now, timeZone }: EnvironmentStatus,
): [label: string, text: string][] {
  if (pointInTime === null) return [];
  const who = `${guest}/${source}`;
  const { unseen, earliest, latest, fullBackup } = pointInTime;
  if (unseen !== null) return [["back to", `${who}: not known`]];
  if (earliest === null || latest === null) return [["back to", `${who}: NOWHERE YET`]];
  const full = fullBackup === null ? "no full backup" : `full backup ${agoOf(fullBackup * 1_000, now)}`;
  return [["back to", `${who}: ${minute(earliest, timeZone)} until ${minute(latest, timeZone)}, ${full}`]];
}

function offsiteFacts({ offsite, now, timeZone }: EnvironmentStatus): [label: string, text: string][] {
  if (offsite === undefined) return [];
  const { place, trouble, copies, archives, mirrors } = offsite;
  if (trouble !== undefined) return [["offsite", `${place}: not looked at: ${trouble}`]];
  const texts = copies.map(({ guest, source, newest }) => {
    if (newest === undefined) return `${guest}/${source}: no copy`;
    return `${guest}/${source}: ${minute(newest.time, timeZone)} (${agoOf(newest.time * 1_000, now)})`;
  });
  const whole = archives.map(({ guest, newest }) => {
    if (newest === undefined) return `${guest}: no archive`;
    return `${guest}: ${minute(newest.time, timeZone)} (${agoOf(newest.time * 1_000, now)}), ${formatBytes(newest.bytes)}`;
  });
  const buckets = mirrors.map(({ bucket, newest }) => {
    if (newest === undefined) return `bucket ${bucket}: not mirrored yet`;
    return `bucket ${bucket}: ${minute(newest.time, timeZone)} (${agoOf(newest.time * 1_000, now)})`;
  });
  const none = copies.length + archives.length + mirrors.length === 0;
  return [
    ["offsite", none ? `${place}: nothing is declared to be copied` : place],
    ...[...texts, ...whole, ...buckets].map(offsiteLine),
  ];
}

function offsiteLine(text: string): [label: string, text: string] {
  return ["copy", text];
}

function copyText({ kind, time, trouble, isOlder, duringUpdate }: CopyStatus, now: number, timeZone: string): string {
  if (trouble !== undefined) return `${kind}: not looked at: ${trouble}`;
  if (time === undefined) return `${kind}: none`;
  const older = isOlder === true ? "; THE STORE IS NEWER" : "";
  const during = duringUpdate ? "; from the middle of an update" : "";
  return `${kind}: ${minute(time / 1_000, timeZone)} (${agoOf(time, now)})${older}${during}`;
}

function agoOf(milliseconds: number, now: number): string {
  return formatAgo(Math.max(0, now - milliseconds / 1_000));
}

/** `2026-11-20 03:00` by the node's wall clock. */
export function minute(moment: number, timeZone: string): string {
  return formatMoment(moment, timeZone).slice(0, "2026-11-20 03:00".length);
}
