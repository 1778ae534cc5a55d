import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import type { ValueOf } from "../../terminal/shapes";
import { mendOf } from "../data/inspect-data";
import { declaredSources, type SeenSource } from "../data/read-source";
import { readSources } from "../data/read-sources";
import type { dataSourceShape } from "./shape";

/** What is known of the dumps of one source of data. */
export type DataStatus = ValueOf<typeof dataSourceShape>;

/** Milliseconds for all sources of a guest: status must not hang over one that does not answer. */
const patience = 30_000;

interface SeenGuest {
  readonly name: string;
  readonly state: string;
}

/** Sources of data in the guests of an environment; undefined where it declares none. Read only. @param seen what Proxmox says of the guests */
export async function inspectDataOf(
  environment: LoadedEnvironment,
  seen: readonly SeenGuest[],
  context: CommandContext,
): Promise<DataStatus[] | undefined> {
  const declared = declaredSources(environment, environment.settings.guests);
  if (declared.length === 0) return undefined;
  const states = new Map(seen.map(({ name, state }) => [name, state]));
  const sources = await readSources(declared, context, {
    patience,
    whyUnseen: ({ guest }) => whyDown(states.get(guest.name)),
  });
  return sources.map(summaryOf);
}

function summaryOf({
  environment,
  guest,
  source,
  kind,
  at,
  enabled,
  unseen,
  lastRun,
  problem,
  pointInTime,
  drill,
  dumps,
}: SeenSource): DataStatus {
  const head = { environment, guest, source, kind, at, enabled };
  return { ...head, unseen, lastRun, problem, pointInTime, drill, newest: newestOf(dumps), dumps: dumps.length };
}

/** Nobody waits for a guest of which Proxmox says that it is not there. */
function whyDown(state: string | undefined): string | undefined {
  if (state === "missing") return "its node has no such guest";
  return state === "stopped" ? "the guest does not run" : undefined;
}

function newestOf([newest]: SeenSource["dumps"]): DataStatus["newest"] {
  if (newest === undefined) return null;
  const { dump, time, ageSeconds, bytes, encrypted } = newest;
  return { dump, time, ageSeconds, bytes, encrypted };
}

/** What is wrong with the way back of one source to a point in time. */
export function archiveProblems({ source, unseen, pointInTime }: DataStatus): string[] {
  if (unseen !== null || pointInTime === null) return [];
  if (pointInTime.unseen !== null) return [`how far ${source} can go back in time is not known: ${pointInTime.unseen}`];
  return pointInTime.problem === null ? [] : [`point-in-time recovery of ${source}: ${pointInTime.problem}`];
}

/** What is wrong with the data of one guest, a sentence each. What nobody could look at is told once for each reason. */
export function dataProblems(sources: readonly DataStatus[], guest: string): string[] {
  const own = sources.filter((source) => source.guest === guest);
  const unseen = own.filter((source) => source.unseen !== null);
  const reasons = [...new Set(unseen.map((source) => source.unseen))];
  return [
    ...reasons.map((reason) => {
      const names = unseen.filter((source) => source.unseen === reason).map(({ source }) => source);
      return `which dumps there are of ${names.join(", ")} is not known: ${reason ?? ""}`;
    }),
    ...own.flatMap((source) => {
      if (source.problem === null || source.unseen !== null) return [];
      const { what, command } = mendOf(source);
      return [`data source ${source.source}: ${source.problem}; to ${what}: ${command}`];
    }),
    ...own.flatMap(archiveProblems),
  ];
}
