import type { InventoryEnvironment } from "./inventory";
import { onlyPulumi } from "./words";

/** What nobody could look at in an environment, a sentence each: it is neither there nor not there. */
export function unknownOf(environment: InventoryEnvironment): string[] {
  const { name, unseen, guests, storages, data, offsite, state } = environment;
  const head = `${name}: `;
  const nodes =
    unseen === null
      ? [
          ...storages.flatMap(({ storage, node, active }) =>
            active === true
              ? []
              : [`storage ${storage} on ${node} ${active === false ? "is not active" : "was not found"}`],
          ),
          ...guests.flatMap((guest) =>
            guest.allSeen || guest.optOut !== null ? [] : [`not all backups of ${guest.name} could be seen`],
          ),
          ...guests.flatMap((guest) => (guest.state === "unknown" ? [`${guest.name} could not be seen`] : [])),
        ]
      : [`its nodes gave no answer: ${unseen}`];
  return [
    ...nodes,
    ...data.flatMap((source) =>
      source.unseen === null ? [] : [`the dumps of ${source.guest}/${source.source}: ${source.unseen}`],
    ),
    ...(offsite === null || offsite.unseen === null ? [] : [`copies elsewhere (${offsite.place}): ${offsite.unseen}`]),
    ...(state.unseen === null || state.unseen === onlyPulumi ? [] : [`its state: ${state.unseen}`]),
    ...state.copies.flatMap((copy) =>
      copy.unseen === null ? [] : [`the copy of its state in ${copy.place}: ${copy.unseen}`],
    ),
  ].map((sentence) => head + sentence);
}
