import { nextStart, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import type { Checkpoint } from "../../../site/state/checkpoint";
import type { StackPlace } from "../../../site/state/state-keys";
import { isNewerThanCopy } from "../../../site/state-copies/freshness";
import { type ObjectStore, type StoredObject, StoreError } from "../../clients/object-store/object-store";
import { storeTrouble } from "../../project/store-health";
import { type Backend, backendOf } from "../../project/backend";
import type { LoadedEnvironment, Site } from "../../project/site";
import { isReadable, openStateBackend, type ReachOptions } from "../../project/state-backend";
import type { SiteStore } from "../../project/state-store";
import { StateFolder } from "../../recovery/engine/state-folder";
import { markerIn } from "../../recovery/steps/state/copies/copy-facts";
import {
  type CopyPlace,
  folderOfSettings,
  offsiteOfSettings,
  type PlaceContext,
} from "../../recovery/steps/state/copies/copy-places";
import { readRecord, recordFile } from "../../recovery/steps/state/fallback-record";
import { rememberSeen } from "../../recovery/steps/state/seen-state";
import { readPresent } from "../../recovery/steps/state/present-state";
import { tracesOf } from "../../recovery/steps/state/copies/traces";
import { lostState } from "../../recovery/steps/state/lost-state";
import { listStack } from "../../recovery/steps/state/stack-objects";
import { CommandError } from "../../terminal/command-error";
import { formatAgo } from "../../terminal/durations";
import type { CommandContext } from "../../project/context";

/** Where the state of an environment's stack is, and how old its copies are (E6). */
export interface StateStatus {
  /**
   * - `store`: in the site's state store;
   * - `fallback`: on this machine, until it is returned;
   * - `local`: on this machine, because it was never moved;
   * - `elsewhere`: in a backend that somebody has named.
   */
  lives: "store" | "fallback" | "local" | "elsewhere";
  place: string;
  /** Milliseconds since 1970 at which it was written there; undefined where there is none, or nobody could look. */
  modified: number | undefined;
  /** Why nobody could look. */
  trouble: string | undefined;
  /** What is wrong with the state itself, which is there or was: as half a sentence. */
  damage: string | undefined;
  /** Whether its bucket in the store has object lock; undefined: it lies in none, or nobody could look. */
  objectLock: boolean | undefined;
  copies: CopyStatus[];
}

export interface CopyStatus {
  kind: "folder" | "offsite";
  place: string;
  /** When it was made, milliseconds since 1970; undefined: there is none, or nobody could look. */
  time: number | undefined;
  by: "command" | "timer" | undefined;
  /** An update was at work when it was made. */
  duringUpdate: boolean;
  /** The place of the state holds something newer; undefined where that is not known. */
  isOlder: boolean | undefined;
  /** Why nobody could look. */
  trouble: string | undefined;
}

/** Status must not hang over a service that is down. */
const quick: ReachOptions = { connectTimeout: 2_000, attempts: 1 };

/** Seconds that a copy on a schedule may take. */
const grace = 3_600;

/** Seconds by which the clocks of two machines may differ without a word. */
const skew = 60;

/** Is given the state that was found, which can be read, and where it lies. */
export type ProveState = (checkpoint: Checkpoint, place: StackPlace) => Promise<void>;

/** Undefined where the site has no state store and its state lies where only Pulumi reads it. Read only. */
export async function inspectState(
  environment: LoadedEnvironment,
  site: Site,
  context: CommandContext,
  prove?: ProveState,
): Promise<StateStatus | undefined> {
  const store = environment.stateStore();
  const { io, signal } = context;
  if (store === undefined && !isReadable(backendOf(environment, io.environment).url)) return undefined;
  const present = await findState(environment, store, site, context, prove);
  const { lives, place, trouble, damage, objectLock, found } = present;
  const status = { lives, place, trouble, damage, objectLock, modified: found?.modified };
  if (store === undefined) return { ...status, copies: [] };
  const { environment: variables, workingDirectory } = io;
  const places: PlaceContext = { site, variables, workingDirectory, reach: { ...quick, signal } };
  const copies = await Promise.all([
    copyStatus("folder", environment.name, present, async () => folderOfSettings(places)),
    ...(store.store.copies.offsite === undefined
      ? []
      : [copyStatus("offsite", environment.name, present, () => offsiteOfSettings(store, places))]),
  ]);
  return { ...status, copies };
}

interface FoundState {
  readonly lives: StateStatus["lives"];
  readonly place: string;
  readonly trouble: string | undefined;
  readonly damage: string | undefined;
  readonly objectLock: boolean | undefined;
  readonly found: (StoredObject & { readonly sha256: string | undefined }) | undefined;
}

const livesBy: Readonly<Record<Backend["origin"], StateStatus["lives"]>> = {
  "state store": "store",
  "local state": "local",
  default: "local",
  PULUMI_BACKEND_URL: "elsewhere",
  "Pulumi.yaml": "elsewhere",
  "last login": "elsewhere",
};

async function findState(
  environment: LoadedEnvironment,
  store: SiteStore | undefined,
  site: Site,
  { io, signal }: CommandContext,
  prove: ProveState = () => Promise.resolve(),
): Promise<FoundState> {
  const { name, project, settings } = environment;
  const variables = io.environment;
  const { origin, url } = backendOf(environment, variables);
  const isFallback = origin === "local state" && readRecord(recordFile(project, name, variables)) !== undefined;
  const lives = isFallback ? "fallback" : livesBy[origin];
  const unknown = { damage: undefined, objectLock: undefined, found: undefined };
  if (lives === "store" && store !== undefined) {
    const trouble = await storeTrouble(store, signal);
    if (trouble !== undefined) return { lives, place: store.endpoint, trouble, ...unknown };
  }
  try {
    const { store: place } = await openStateBackend(environment, variables, { ...quick, signal });
    const access = { store: place, place: { project: project.name, stack: name } };
    const objects = await listStack(access);
    const state = objects.present && (await readPresent(access, objects.present));
    if (state?.checkpoint !== undefined) await prove(state.checkpoint, access.place);
    const lost = await lostState(access, objects, tracesOf(site, environment, io));
    const damage = state?.problem ?? (lost && `${lost.why}, and it is not`);
    const present = state?.content === undefined ? undefined : objects.present;
    if (present !== undefined && lives === "store") {
      const folder = new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, variables);
      rememberSeen(folder, present, state?.sha256);
    }
    const found = present && { ...present, sha256: state?.sha256 };
    const objectLock = lives === "store" ? await lockOf(place) : undefined;
    return { lives, place: place.place, trouble: undefined, damage, objectLock, found };
  } catch (error) {
    const place = url.split("?", 1)[0] ?? url;
    return { lives, place, trouble: troubleOf(error), ...unknown };
  }
}

/** A key may be allowed to use its bucket and not to see how it is set: the state counts as reached. */
async function lockOf(store: ObjectStore): Promise<boolean | undefined> {
  try {
    return await store.hasObjectLock?.();
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

async function copyStatus(
  kind: CopyStatus["kind"],
  environment: string,
  { found }: FoundState,
  open: () => Promise<CopyPlace>,
): Promise<CopyStatus> {
  const unknown = { kind, time: undefined, by: undefined, duringUpdate: false, isOlder: undefined };
  let place = "the second S3 service";
  try {
    const opened = await open();
    place = opened.name;
    const marker = await markerIn({ store: opened.of(environment) });
    if (marker === undefined) return { ...unknown, place, trouble: undefined };
    const { time, by, duringUpdate } = marker;
    const isOlder = found && isNewerThanCopy({ ...found, object: found.key }, marker, Date.now());
    return { kind, place, time, by, duringUpdate, isOlder, trouble: undefined };
  } catch (error) {
    return { ...unknown, place, trouble: troubleOf(error) };
  }
}

function troubleOf(error: unknown): string {
  if (error instanceof StoreError || error instanceof CommandError) return error.message;
  throw error;
}

/** What somebody has to do about a state or its copies. */
export function stateProblems(
  name: string,
  { lives, place, trouble, damage, objectLock, modified, copies }: StateStatus,
  schedule: string | undefined,
  now: number,
): string[] {
  const looked = copies.filter((copy) => copy.trouble === undefined);
  const isLost = modified !== undefined && looked.length > 0 && looked.every(({ time }) => time === undefined);
  return [
    ...(lives === "store" && trouble !== undefined
      ? [`its state cannot be reached: ${trouble}; to go on without it: lifeboat state fallback ${name}`]
      : []),
    ...(lives !== "store" && trouble !== undefined ? [`its state in ${place} cannot be looked at: ${trouble}`] : []),
    ...(damage === undefined
      ? []
      : [
          `its state in ${place} cannot be used: ${damage}; to go back to an earlier one: lifeboat restore state ${name} --list`,
        ]),
    ...(objectLock === false
      ? [
          `its bucket (${place}) was made without object lock, so that its key can force away every version: docs/guides/state.md, An older bucket`,
        ]
      : []),
    ...(lives === "fallback"
      ? [`its state is on this machine (${place}); when the store answers: lifeboat state return ${name}`]
      : []),
    ...(isLost ? [`there is no copy of its state: lifeboat backup state ${name}`] : []),
    ...copies.flatMap(({ kind, place: where, trouble: why }) =>
      why === undefined ? [] : [`${copyName(kind, where)} cannot be looked at: ${why}`],
    ),
    ...copies.flatMap((copy) => futureProblem(name, copy, now)),
    ...copies.flatMap((copy) => overdueProblem(copy, schedule, now)),
  ];
}

function copyName(kind: CopyStatus["kind"], place: string): string {
  return kind === "offsite" ? "the offsite copy of its state" : `the copy of its state in ${place}`;
}

/** Nobody knows how old such a copy is, and it would count as fresh until its date. */
function futureProblem(name: string, { kind, place, time }: CopyStatus, now: number): string[] {
  if (time === undefined || time / 1_000 <= now + skew) return [];
  const again = `lifeboat backup state ${name}${kind === "offsite" ? " --to offsite" : ""}`;
  const date = new Date(time).toISOString();
  return [
    `${copyName(kind, place)} is dated ${date}, later than the clock, so its age is not certain; make another: ${again}`,
  ];
}

function overdueProblem({ kind, time }: CopyStatus, schedule: string | undefined, now: number): string[] {
  if (kind !== "offsite" || time === undefined || schedule === undefined) return [];
  const due = nextStart(parseCalendarEvent(schedule), time / 1_000, "UTC");
  if (due === undefined || due + grace > now) return [];
  const age = formatAgo(Math.max(0, now - time / 1_000));
  return [
    `the offsite copy of its state was made ${age}, and its timer has run out since: in the store's guest: systemctl status lifeboat-offsite-copy`,
  ];
}
