import { plainText } from "../../../proxmox/api/plain-text";
import { longestWait } from "../../../site/data/longest-wait";
import type { DumpManifest } from "../../../site/data/manifest";
import type { SourceStatus } from "../../../site/data/status";
import type { DataSource } from "../../../site/settings/data";
import type { PointInTimeSettings } from "../../../site/settings/point-in-time";
import type { Guest } from "../../../site/settings/environment";
import type { DataProgram, SavePoint } from "../../clients/data-program/data-program";
import type { LoadedEnvironment } from "../../project/site";
import { formatDuration } from "../../terminal/durations";
import type { ValueOf } from "../../terminal/shapes";
import { unseenPointInTime } from "./read-point-in-time";
import type { sourceShape } from "./shape";

export type SeenSource = ValueOf<typeof sourceShape>;

/** A source of the settings. */
export interface DeclaredSource {
  readonly environment: LoadedEnvironment;
  readonly guest: Guest;
  readonly source: DataSource;
}

/** Every source of some guests. */
export function declaredSources(environment: LoadedEnvironment, guests: readonly Guest[]): DeclaredSource[] {
  return guests.flatMap((guest) => guest.data.map((source) => ({ environment, guest, source })));
}

/** What is known of one source, from the guest itself. @param pointInTime of its archive, which was asked before @throws GuestUnreachable, CommandError where it cannot be looked at */
export async function readSource(
  declared: DeclaredSource,
  program: DataProgram,
  pointInTime: SeenSource["pointInTime"],
  signal: AbortSignal,
): Promise<SeenSource> {
  const { name, at, enabled } = declared.source;
  const now = await program.clock(signal);
  const status = await program.status(name, signal);
  const manifests = await program.list(name, signal);
  const savePoints = await program.savePoints(name, signal);
  return {
    ...headOf(declared),
    unseen: null,
    ...seen({ status, manifests, savePoints, now, at, enabled }),
    pointInTime,
  };
}

/** What cannot be asked is unknown, and no dump is absent for that. */
export function unseenSource(declared: DeclaredSource, why: string): SeenSource {
  const problem = "it could not be looked at";
  const pointInTime = settingsOf(declared) === undefined ? null : unseenPointInTime(why);
  const nothing = { lastRun: null, drill: null, dumps: [], savePoints: [] };
  return { ...headOf(declared), unseen: why, problem, pointInTime, ...nothing };
}

/** Of its recovery to a point in time; undefined where it has none. */
export function settingsOf({ source }: DeclaredSource): PointInTimeSettings | undefined {
  return source.kind === "postgres" ? source.pointInTime : undefined;
}

function headOf({ environment, guest, source: { name, kind, at, enabled } }: DeclaredSource) {
  return { environment: environment.name, guest: guest.name, source: name, kind, at, enabled };
}

interface Answers {
  readonly status: SourceStatus;
  readonly manifests: readonly DumpManifest[];
  readonly savePoints: readonly SavePoint[];
  /** The guest's clock. */
  readonly now: number;
  readonly at: string;
  readonly enabled: boolean;
}

function seen(answers: Answers): Pick<SeenSource, "lastRun" | "problem" | "drill" | "dumps" | "savePoints"> {
  const { status, manifests, savePoints, now } = answers;
  const { started = null, ended } = status;
  const result = status.result === "running" && !status.isRunning ? "killed" : status.result;
  const newestFirst = manifests.toSorted((a, b) => b.time - a.time);
  return {
    lastRun: {
      result,
      started,
      seconds: started === null || ended === undefined ? null : Math.max(0, ended - started),
      message: status.message,
    },
    problem: problemOf(answers, result, newestFirst[0]),
    drill: drillOf(status, now),
    dumps: newestFirst.map((manifest) => describeDump(manifest, now)),
    savePoints: savePoints.map(({ operation, manifest: { name, time } }) => ({ operation, dump: name, time })),
  };
}

function drillOf({ drill }: SourceStatus, now: number): SeenSource["drill"] {
  if (drill === undefined) return null;
  const { dump, time, isProven, why } = drill;
  return { proven: isProven, dump, time, ageSeconds: Math.max(0, now - time), why: plainText(why) };
}

function problemOf(
  { status, now, at, enabled }: Answers,
  result: NonNullable<SeenSource["lastRun"]>["result"],
  newest: DumpManifest | undefined,
): string | null {
  if (result === "error") return status.message;
  if (result === "killed") return "its last run was killed";
  if (newest === undefined) return result === "running" ? null : "there is no dump";
  if (newest.time > now + 120) return `its newest dump is of a later time than the guest's clock tells`;
  if (enabled && now - newest.time > longestWait(at, newest.time) && result !== "running") {
    return `its newest dump is ${formatDuration(now - newest.time)} old`;
  }
  return drillProblem(drillOf(status, now));
}

/** What a drill has found wrong; null: it proved the dump, or there was none. */
export function drillProblem(drill: SeenSource["drill"]): string | null {
  return drill?.proven === false ? `the last drill has not proven ${drill.dump}: ${drill.why}` : null;
}

/** A dump for people and scripts. @param now unix seconds, by which its age is told */
export function describeDump(
  { name, time, items, recipients }: DumpManifest,
  now: number,
): SeenSource["dumps"][number] {
  return {
    dump: name,
    time,
    ageSeconds: Math.max(0, now - time),
    bytes: items.reduce((sum, item) => sum + item.bytes, 0),
    encrypted: recipients.length > 0,
    items: items.map(({ type, name: item, plainBytes, counts }) => ({
      type,
      name: item,
      plainBytes,
      counts: { ...counts },
    })),
  };
}
