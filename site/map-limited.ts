/** Requests that run at once: enough to be quick, few enough not to disturb a node. */
const requestsAtOnce = 8;

/** Results in the order of the items, a few at a time. */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce = requestsAtOnce,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}
