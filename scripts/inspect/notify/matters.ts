import type { ValueOf } from "../../terminal/shapes";
import type { Failure } from "../../clients/failure";
import type { statusShape } from "../status/shape";

/** Something that needs somebody. */
export interface Matter {
  /** The same as long as it is the same: without ages, sizes and times, which change from one look to the next. */
  readonly key: string;
  /** `prod/web`, `prod`; empty: the whole site. */
  readonly where: string;
  readonly text: string;
}

type Status = ValueOf<typeof statusShape>;

/** Everything of a status that needs somebody, in the order of the page. */
export function mattersOf({ environments, unknown, unreadable }: Status): Matter[] {
  return [
    ...environments.flatMap(({ name, guests, notCovered, problems }) => [
      ...notCovered.map(({ id, name: guest, copy }) => {
        const text = copy === null ? "is in no settings and in no backup job" : copy.text;
        return { key: `${name} ${String(id)} uncovered`, where: name, text: `guest ${String(id)} (${guest}) ${text}` };
      }),
      ...problems.map((text) => matter(name, text)),
      ...guests.flatMap((guest) => guest.problems.map((text) => matter(`${name}/${guest.name}`, text))),
    ]),
    ...unknown.map(({ name, message }) => matter(name, `could not be looked at: ${message}`)),
    ...unreadable.map(({ message }) => matter("", message)),
  ];
}

/** Nothing could be looked at at all. */
export function matterOfFailure({ message }: Pick<Failure, "message">): Matter {
  return matter("", message);
}

function matter(where: string, text: string): Matter {
  return { key: `${where} ${lasting(text)}`, where, text };
}

const changing = [
  /\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?/gu,
  /\b\d+(?:[.,]\d+)?\s?(?:%|(?:[KMGT]i?)?B|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|min|ms|s|h|d)(?![A-Za-z])/gu,
];

/** A text without what changes from one look to the next although nothing has happened. */
function lasting(text: string): string {
  return changing
    .reduce((rest, pattern) => rest.replaceAll(pattern, "…"), text)
    .replaceAll(/(?:\u2026[\s,]*)+/gu, "… ");
}
