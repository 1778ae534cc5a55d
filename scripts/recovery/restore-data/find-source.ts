import type { DataSource } from "../../../site/settings/data";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { openPointInTime } from "../point-in-time/open-program";
import { openDataProgram } from "../steps/data/open-program";
import type { SourcePlace } from "./request";

/** What a command may name of a guest's sources. */
export type SourceKind = DataSource["kind"];

/** A source with the way to it, which is opened once. */
export function sourcePlace(session: GuestSession, source: DataSource): SourcePlace {
  let program: ReturnType<SourcePlace["program"]> | undefined;
  const { guest, environment } = session;
  return { environment, guest, source, program: () => (program ??= openDataProgram(session, guest, source)) };
}

/** The program that recovers the cluster of a source, opened once; undefined where it has no archive. */
export function recoveryOf(session: GuestSession, source: DataSource): (() => Promise<PointInTimeProgram>) | undefined {
  if (source.kind !== "postgres" || source.pointInTime === undefined) return undefined;
  let program: Promise<PointInTimeProgram> | undefined;
  return () => (program ??= openPointInTime(session, source));
}

/**
 * The source of a guest that is meant: the one that is named, or the only one of these kinds, or the only one whose dumps have
 * the thing.
 *
 * @param isIn whether a source's dumps have it. @throws CommandError (2, 10)
 */
export async function findSource(
  session: GuestSession,
  kinds: readonly SourceKind[],
  name: string | undefined,
  isIn: (place: SourcePlace) => Promise<boolean>,
): Promise<SourcePlace> {
  const { guest, selector } = session;
  const declared = guest.data.filter(({ kind }) => kinds.includes(kind));
  if (name !== undefined) {
    const named = declared.find((source) => source.name === name);
    if (named !== undefined) return sourcePlace(session, named);
    throw usageError(`${selector} has no source ${name} of kind ${kinds.join(" or ")}`, thereIs(guest.data));
  }
  if (declared.length === 0) {
    throw usageError(
      `${selector} has no source of kind ${kinds.join(" or ")} in the settings`,
      `declare one: data of ${guest.name} in Pulumi.${session.environment.name}.yaml, docs/guides/databases.md`,
    );
  }
  const places = declared.map((source) => sourcePlace(session, source));
  const [only, another] = places;
  if (only !== undefined && another === undefined) return only;
  const having: SourcePlace[] = [];
  for (const place of places) if (await isIn(place)) having.push(place);
  const [found, second] = having;
  if (found === undefined) {
    throw new CommandError(`no dump of ${selector} has it`, {
      exitCode: exitCodes.nothing,
      hint: `see what there is: lifeboat data ${selector}`,
    });
  }
  if (second === undefined) return found;
  const names = having.map(({ source }) => source.name).join(", ");
  throw usageError(`more than one source of ${selector} has it: ${names}`, `name one: --source ${found.source.name}`);
}

/** Where in another guest it is restored: the source that is named, else the one of the same name, else the only one of its kind. */
export function targetSource(session: GuestSession, like: DataSource, name: string | undefined): SourcePlace {
  const { guest, selector } = session;
  const fitting = guest.data.filter(({ kind }) => kind === like.kind);
  const [only, another] = fitting;
  const found =
    name === undefined
      ? (fitting.find((source) => source.name === like.name) ?? (another === undefined ? only : undefined))
      : fitting.find((source) => source.name === name);
  if (found !== undefined) return sourcePlace(session, found);
  const what = name === undefined ? `no one source of kind ${like.kind}` : `no source ${name} of kind ${like.kind}`;
  throw usageError(`${selector} has ${what}, by which its server is reached`, thereIs(guest.data));
}

function thereIs(sources: readonly DataSource[]): string {
  if (sources.length === 0) return "the settings have no data for it";
  return `it has ${sources.map(({ name, kind }) => `${name} (${kind})`).join(", ")}`;
}
