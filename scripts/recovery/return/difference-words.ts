import type { ChangedInput, ChangedResource, NamedResource, StateDiff } from "../../../site/state/state-diff";

/** Resources that are named one by one; of more the number is told. */
const listed = 30;

/** What the state on this machine has that the store's has not, and the other way round: a line for each resource. */
export function differenceWords({ added, removed, changed }: StateDiff): string[] {
  const lines = [
    ...added.map((resource) => `+ ${words(resource)}: only in the state on this machine`),
    ...removed.map((resource) => `- ${words(resource)}: only in the store`),
    ...changed.map((resource) => `~ ${words(resource)}: ${changeWords(resource)}`),
  ];
  const more = lines.length - listed;
  return more > 0 ? [...lines.slice(0, listed), `… and ${String(more)} more`] : lines;
}

function words({ name, type, id }: NamedResource): string {
  return `${name} (${type}${id === undefined ? "" : ` ${id}`})`;
}

function changeWords({ idFrom, id, inputs }: ChangedResource): string {
  const ids = idFrom === undefined ? [] : [`its id is ${idFrom} in the store and ${id ?? "none"} here`];
  return [...ids, ...inputs.map(inputWords)].join("; ");
}

function inputWords({ name, from, to, secret }: ChangedInput): string {
  if (secret) return `${name} is another secret`;
  if (from === undefined || to === undefined) return `${name} differs`;
  return `${name} is ${from} in the store and ${to} here`;
}
