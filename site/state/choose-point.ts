import { MomentError, parseMoment } from "../restore/moments";
import { type PointCandidate, presentId } from "./restore-points";

/** What `--to` meant. */
export type PointChoice =
  | { readonly kind: "one"; readonly point: PointCandidate }
  | { readonly kind: "none"; readonly why: string }
  | { readonly kind: "several"; readonly points: readonly PointCandidate[] };

/** Fewer characters of an id than this are an accident. */
const shortest = 4;

/**
 * The point that an operator named: by its id or the beginning of it, or by a time. A time means the newest update that
 * had ended then; what Lifeboat saved, and versions that no update ended with, are chosen by id only.
 *
 * @param timeZone of times without one.
 */
export function choosePoint(points: readonly PointCandidate[], wanted: string, timeZone: string): PointChoice {
  const text = wanted.trim().toLowerCase();
  const present = points.find(({ id }) => id === presentId);
  if (text === presentId && present !== undefined) return { kind: "one", point: present };
  if (/^[0-9a-f]+$/u.test(text) && text.length >= shortest) {
    const found = points.filter(({ id }) => id.startsWith(text));
    if (found.length > 0) return oneOf(found);
  }
  return byTime(points, wanted, timeZone);
}

function byTime(points: readonly PointCandidate[], wanted: string, timeZone: string): PointChoice {
  const moment = momentOf(wanted, timeZone);
  if (moment === undefined) {
    return { kind: "none", why: `'${wanted}' is neither the id of a restore point nor a time` };
  }
  const ended = points.filter(({ entry, state, time }) => {
    return entry !== undefined && state !== undefined && Math.floor(time / 1_000) <= moment;
  });
  const newest = Math.max(...ended.map(({ time }) => Math.floor(time / 1_000)));
  const found = ended.filter(({ time }) => Math.floor(time / 1_000) === newest);
  return found.length === 0 ? { kind: "none", why: `no update had ended by ${wanted}` } : oneOf(found);
}

function oneOf(found: readonly PointCandidate[]): PointChoice {
  const [point, another] = found;
  if (point === undefined) return { kind: "none", why: "there is none" };
  return another === undefined ? { kind: "one", point } : { kind: "several", points: found };
}

function momentOf(text: string, timeZone: string): number | undefined {
  try {
    return parseMoment(text, timeZone);
  } catch (error) {
    if (error instanceof MomentError) return undefined;
    throw error;
  }
}
