import { chooseDump, type DumpChoice, type DumpWish, fitsWish, type FoundDump } from "../../../site/data/choose-dump";
import type { DumpItem, DumpManifest } from "../../../site/data/manifest";
import { mebibyte } from "../../../site/settings/values/sizes";
import { MomentError, parseMoment } from "../../../site/restore/moments";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatAgo, formatMoment } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import { digestOf, type Inputs } from "../engine/digest";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import type { ShelvedDumps } from "./dump-shelf";
import { wishText } from "../point-in-time/locate";
import { requireIdentity } from "../steps/data/require-identity";
import type { RestoreDataItem, RestoreDataPlan } from "./plan";
import { isSamePlace, type RestoreDataRequest, type RestorePoint } from "./request";

/** A plan with what people are told and asked about it. */
export interface PlannedRestoreData {
  readonly plan: RestoreDataPlan;
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
  readonly remarks: readonly string[];
  /** The guest's clock, unix seconds. */
  readonly now: number;
}

/**
 * Looks at the dumps and at what is there now, and decides. Changes nothing.
 *
 * @throws CommandError (2, 10, 13, 14), GuestUnreachable
 */
export async function planRestoreData(session: GuestSession, request: RestoreDataRequest): Promise<PlannedRestoreData> {
  const { from, to, shelf } = request;
  const { signal } = session.context;
  const writing = await to.program();
  // Copies elsewhere outlive the guest that made them.
  const now = await (shelf.bucket === undefined ? await from.program() : writing).clock(signal);
  const { manifest, older } = await chosenManifest(session, request, now);
  const wanted = manifest.items.filter(request.isWanted);
  requireNames(manifest, wanted, request);
  refuseOneNameForMany(wanted, request);
  const items: RestoreDataItem[] = [];
  for (const item of wanted) items.push(await itemPlan(item, request, signal));
  const plan: RestoreDataPlan = {
    ...placesOf(session, request),
    dump: manifest.name,
    time: manifest.time,
    ...(request.point.kind === "save-point" ? { savePointOf: request.point.operation } : {}),
    ...(older === undefined ? {} : { older }),
    encrypted: manifest.recipients.length > 0,
    ...effectsOn(items, request),
  };
  await requireIdentity(manifest, request.identity);
  if (isCarried(plan, isSamePlace(from, to))) {
    await shelf.requireStreams();
    writing.requireStreams();
  }
  return {
    plan,
    demands: demandsOf(plan, request, now),
    inputs: restoreDataInputs(manifest, to.source, items),
    remarks: [...remarksOf(plan), ...(await shelf.remarks(manifest))],
    now,
  };
}

/** Where a plan takes it from, and where it puts it. */
export function placesOf({ environment }: GuestSession, { from, to, shelf, point }: RestoreDataRequest) {
  const bucket = point.kind === "archive" ? undefined : shelf.bucket;
  return {
    environment: environment.name,
    from: {
      environment: from.environment.name,
      guest: from.guest.name,
      source: from.source.name,
      ...(bucket === undefined ? {} : { bucket }),
    },
    to: { guest: to.guest.name, source: to.source.name, kind: to.source.kind },
  };
}

/** What a plan does to what is there. */
export function effectsOn(items: RestoreDataItem[], { given }: RestoreDataRequest) {
  const without = given[withoutSavePointFlag];
  const replaces = items.some(({ present }) => present !== undefined);
  return {
    items,
    savePoint: replaces && (without === undefined || without === false),
    disconnect: items.some(({ present }) => (present?.connections ?? 0) > 0),
  };
}

const withoutSavePointFlag = "--without-save-point";
const disconnectFlag = "--disconnect";
const acceptLossFlag = "--accept-loss";

/** What the plan rests on. */
export function restoreDataInputs(
  manifest: unknown,
  source: unknown,
  items: readonly Pick<RestoreDataItem, "into" | "present">[],
): Inputs {
  return {
    "the dump": digestOf(manifest),
    "the source's settings": digestOf(source),
    "what is there now": digestOf(items.map(({ into, present }) => [into, present?.identity ?? "nothing"])),
  };
}

async function chosenManifest(
  session: GuestSession,
  request: RestoreDataRequest,
  now: number,
): Promise<{ readonly manifest: DumpManifest; readonly older?: string }> {
  const { from, shelf, what, isWanted, point } = request;
  if (point.kind === "archive") throw new Error("an archive has no manifests");
  const place = `${from.environment.name}/${from.guest.name}/${from.source.name}`;
  const see = `see what there is: ${shelf.listing}`;
  if (point.kind === "save-point") {
    const kept = await (await from.program()).savePoints(from.source.name, session.context.signal);
    const found = kept.find(({ operation }) => operation === point.operation);
    if (found !== undefined && found.manifest.items.some(isWanted)) return { manifest: found.manifest };
    throw new CommandError(`${place} has no save point ${point.operation} with ${what}`, {
      exitCode: exitCodes.nothing,
      hint: see,
    });
  }
  const { manifests, damaged } = await shelf.list();
  const wish = wishOf(point);
  const choice = chooseDump(manifests, isWanted, wish, now);
  refuseDamaged(damaged, choice, { wish, now, see, plain: request.plain });
  if (choice.kind === "chosen") {
    const older = manifestsBefore(manifests, choice.found, isWanted);
    return { manifest: choice.found.manifest, ...(older === undefined ? {} : { older }) };
  }
  if (choice.kind === "unknown-item") {
    throw new CommandError(`no dump of ${place} has ${what}; they have ${choice.names.join(", ")}`, {
      exitCode: exitCodes.nothing,
      hint: see,
    });
  }
  throw new CommandError(noneText(place, request, point, choice.oldest), { exitCode: exitCodes.nothing, hint: see });
}

/** A damaged dump is never passed over in silence for an older one. @throws CommandError (1) */
function refuseDamaged(
  damaged: ShelvedDumps["damaged"],
  choice: DumpChoice,
  {
    wish,
    now,
    see,
    plain,
  }: { readonly wish: DumpWish; readonly now: number; readonly see: string; readonly plain: string },
): void {
  const chosen = choice.kind === "chosen" ? choice.found.manifest : undefined;
  const [broken] = damaged
    .filter(({ dump }) => fitsWish(dump, wish, now) && (chosen === undefined || dump.time > chosen.time))
    .toSorted((a, b) => b.dump.time - a.dump.time);
  if (broken === undefined) return;
  throw new CommandError(`nothing can be restored from ${broken.dump.name}: ${broken.why}`, {
    exitCode: exitCodes.failed,
    hint: chosen === undefined ? see : `an older one is whole: ${plain} --dump ${chosen.name}`,
  });
}

/** The next older dump with the same in it, for whoever finds this one damaged. */
function manifestsBefore(
  manifests: readonly DumpManifest[],
  { manifest }: FoundDump,
  isWanted: RestoreDataRequest["isWanted"],
): string | undefined {
  const older = manifests.filter(({ time, items }) => time < manifest.time && items.some(isWanted));
  return older.toSorted((a, b) => b.time - a.time)[0]?.name;
}

function noneText(
  place: string,
  { shelf }: RestoreDataRequest,
  point: RestorePoint,
  oldest: FoundDump | undefined,
): string {
  const where = shelf.bucket === undefined ? "" : ` in ${shelf.bucket}`;
  if (oldest === undefined) return `there is no whole dump of ${place}${where}`;
  const least = `the oldest is ${oldest.manifest.name}`;
  return point.kind === "dump"
    ? `${place} has no dump ${point.name}${where}`
    : `no dump of ${place}${where} is that old: ${least}`;
}

/** Dumps are named in UTC, and so are times that say no zone. */
function wishOf(point: Exclude<RestorePoint, { kind: "save-point" | "archive" }>): DumpWish {
  if (point.kind === "newest") return { kind: "newest" };
  if (point.kind === "dump") return { kind: "named", dump: point.name };
  try {
    return { kind: "at", time: parseMoment(point.text, "UTC") };
  } catch (error) {
    if (error instanceof MomentError) throw usageError(`--at: ${error.message}`);
    throw error;
  }
}

function requireNames({ name, items }: DumpManifest, wanted: readonly DumpItem[], { names }: RestoreDataRequest): void {
  const missing = names.filter((one) => !wanted.some((item) => item.name === one));
  if (missing.length === 0) return;
  throw new CommandError(`${name} has no ${missing.join(", ")}; it has ${items.map((item) => item.name).join(", ")}`, {
    exitCode: exitCodes.nothing,
  });
}

function refuseOneNameForMany(wanted: readonly DumpItem[], { into }: RestoreDataRequest): void {
  if (into === undefined || wanted.length < 2) return;
  throw usageError(`--into is one name, and ${String(wanted.length)} things are restored`, "name one of them");
}

/** One thing with what has its name now. */
export async function itemPlan(
  { type, name, file, bytes, sha256, plainBytes, plainSha256, counts }: DumpItem,
  { to, into = name }: RestoreDataRequest,
  signal: AbortSignal,
): Promise<RestoreDataItem> {
  const {
    exists,
    identity,
    bytes: size,
    connections,
  } = await (await to.program()).look(to.source.name, type, into, signal);
  const item = { type, name, into, file, bytes, sha256, plainBytes, plainSha256, counts };
  return exists ? { ...item, present: { identity, bytes: size, connections } } : item;
}

/** Whether the bytes come through this machine: where they are opened here, come from elsewhere, or go to another guest. */
export function isCarried(
  { encrypted, from }: Pick<RestoreDataPlan, "encrypted" | "from">,
  isSameGuest: boolean,
): boolean {
  return encrypted || !isSameGuest || from.bucket !== undefined;
}

/** What people are asked about a plan. */
export function demandsOf(plan: RestoreDataPlan, { given, into, from, to }: RestoreDataRequest, now: number): Demand[] {
  const { items, dump, time, savePoint, archive } = plan;
  const replaced = items.filter(({ present }) => present !== undefined);
  const names = replaced.map((item) => item.into).join(", ");
  const connected = replaced.reduce((sum, { present }) => sum + (present?.connections ?? 0), 0);
  const demands: Demand[] = [];
  if (connected > 0) {
    const reason = `${connected === 1 ? "a connection" : `${String(connected)} connections`} to ${names} must be ended`;
    demands.push({ flag: disconnectFlag, reason, question: `${capitalized(reason)}. End them?` });
  }
  // Where it goes back to its own place, replacing it is what was asked for.
  if (replaced.length > 0 && (into !== undefined || !isSamePlace(from, to))) {
    const reason = `${names} is in ${to.guest.name} already, and would be replaced`;
    demands.push({ flag: acceptLossFlag, reason, question: `${capitalized(reason)}. Replace it?` });
  }
  if (replaced.length > 0 && !savePoint && given[withoutSavePointFlag] !== undefined) {
    demands.push({
      flag: withoutSavePointFlag,
      reason: `without a save point there is no way back to the present ${names}`,
      question: `There will be no way back to the present ${names}.`,
      typed: plan.to.source,
    });
  }
  const origin =
    archive === undefined
      ? `${dump} of ${formatMoment(time * 1_000)} (${formatAgo(now - time)})`
      : `the archive, as it was at ${wishText(archive.wish)}`;
  const question =
    replaced.length > 0
      ? `Replace ${names} by what is in ${origin}?`
      : `Restore ${items.map((item) => item.into).join(", ")} from ${origin}?`;
  return [...demands, { flag: forceFlag, reason: "the plan is not confirmed", question }];
}

function remarksOf({ items }: RestoreDataPlan): string[] {
  return items.flatMap(({ into, plainBytes, present }) =>
    present !== undefined && present.bytes > 64 * mebibyte && plainBytes < present.bytes / 8
      ? [`${into} takes much more room now than its dump has: look whether this is the right one`]
      : [],
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
