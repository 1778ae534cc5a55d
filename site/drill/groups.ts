/** A guest with those that it cannot work without. */
interface Needing {
  readonly name: string;
  readonly needs?: readonly string[] | undefined;
}

/**
 * Guests that are drilled together, because they need each other, each group with what is needed first. Groups come in the order
 * of the guests that were asked for; what these need is in their groups, though nobody asked for it.
 */
export function drillGroups<Guest extends Needing>(all: readonly Guest[], wanted: readonly Guest[]): Guest[][] {
  const byName = new Map(all.map((guest) => [guest.name, guest]));
  const groups: Guest[][] = [];
  for (const guest of wanted) {
    const chain = withNeeds(guest, byName);
    const joined = groups.filter((group) => group.some((one) => chain.includes(one)));
    const members = [...new Set([...joined.flat(), ...chain])];
    const first = joined[0];
    if (first === undefined) groups.push(members);
    else {
      groups[groups.indexOf(first)] = members;
      for (const other of joined.slice(1)) groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups;
}

function withNeeds<Guest extends Needing>(
  guest: Guest,
  byName: ReadonlyMap<string, Guest>,
  above: readonly string[] = [],
): Guest[] {
  const needed = (guest.needs ?? []).flatMap((name) => {
    const found = byName.get(name);
    return found === undefined || above.includes(name) ? [] : withNeeds(found, byName, [...above, guest.name]);
  });
  return [...new Set([...needed, guest])];
}
