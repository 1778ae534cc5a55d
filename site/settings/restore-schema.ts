import type { DeclaredRestore } from "./environment";
import { guestId } from "./guest-values";
import { at, checked, type Finding, flag, isMapping, mapping, optional, text, value } from "./schema-tools";
import { durationFormat, parseDuration } from "./values/durations";
import { archiveId, guestName, nodeName, storageId } from "./values/names";

const moment = text(
  "a time",
  'a day (its end) or a time, in quotes: "2026-11-20", "2026-11-20T03:00", with Z or +02:00 if it is not the node\'s own time',
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/,
);

/** The settings' readers of YAML and programs in other languages differ in what they make of a number. */
const target = value("an id", "an id from 100 to 999999999, or next", (raw): number | "next" | undefined => {
  if (raw === "next") return raw;
  const id = typeof raw === "string" && /^\d+$/u.test(raw) ? Number(raw) : raw;
  return guestId.safeParse(id).data;
});

/** What a request says of its restore: the flags of `lifeboat restore guest`, one by one. */
export const restoreKeys = {
  /** Guest that is restored, by its name here. */
  guest: guestName,
  /** Restore the newest backup that is not later: a day (its end) or a time, in quotes. Default: the newest of all. */
  at: optional(moment),
  /** Restore this archive, which `lifeboat backups` lists; not with `at`. Default: the newest. */
  archive: optional(archiveId),
  /** Restore a copy with this id, or `next`: with one that nothing knows. Default: in place, a save point is made first. */
  targetId: optional(target),
  /** Consent: use this id for the copy although archives, disks or settings have it. */
  reuseId: optional(guestId),
  /** Restore on this node of the cluster. Default: the guest's own. */
  node: optional(nodeName),
  /** Put all volumes on this storage. Default: where the archive says. */
  storage: optional(storageId),
  /** Consent: stop the guest if it runs. Default: false, and a guest that runs is not restored. */
  stop: optional(flag),
  /** Consent: lose what the archive does not hold: excluded disks, snapshots, unused disks. Default: false. */
  acceptLoss: optional(flag),
  /** Consent: make no save point first, so that nothing can be undone. Default: false. */
  withoutSavePoint: optional(flag),
  /** How long each check is repeated. Default: 2m. */
  checkTimeout: optional(value("a duration", `${durationFormat}, at most a day`, parseTimeout)),
};

/** A restore of `lifeboat:restores`. */
export const restoreSchema = checked(mapping(restoreKeys), choicesFit).transform(
  (entry): Omit<DeclaredRestore, "id"> => entry,
);

/** Ways to choose that exclude each other, as on the command line. */
export function choicesFit(raw: unknown): Finding[] {
  const both = at(raw, "at") !== undefined && at(raw, "archive") !== undefined;
  const next = at(raw, "targetId") === "next" && at(raw, "reuseId") !== undefined;
  return [
    ...(both ? [{ path: ["archive"], message: "at and archive exclude each other", allowed: "one of them" }] : []),
    ...(next
      ? [{ path: ["reuseId"], message: "targetId next takes an unused id", allowed: "a number as targetId" }]
      : []),
  ];
}

/** A request names a guest of its environment. */
export function restoresNameGuests(raw: unknown): Finding[] {
  const restores = at(raw, "restores");
  if (!isMapping(restores)) return [];
  const guests = at(raw, "guests");
  const names = isMapping(guests) ? Object.keys(guests) : [];
  return Object.entries(restores).flatMap(([id, request]) => {
    const name = at(request, "guest");
    if (typeof name !== "string" || names.includes(name)) return [];
    return [{ path: ["restores", id, "guest"], message: `there is no guest ${name}`, allowed: "a guest's name" }];
  });
}

function parseTimeout(raw: unknown): number | undefined {
  const seconds = parseDuration(raw);
  return seconds === undefined || seconds > 86_400 ? undefined : seconds;
}
