/** How much may be at work at the same time. */
export interface Bounds<Item> {
  /** In all; at least 1. */
  readonly parallel: number;
  /** Of those with one key, such as a node; at least 1. */
  readonly perKey: number;
  keyOf(item: Item): string;
  /** Those of the same list that have to have ended before it begins. Items that wait for each other begin all the same. */
  waitsFor?(item: Item): readonly Item[];
}

/**
 * Works through a list in its order, several items at a time. Where an item's key is busy, a later one with another key
 * goes first.
 *
 * @returns the results in the order of the items.
 */
export function runBounded<Item, Result>(
  items: readonly Item[],
  bounds: Bounds<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const results = new Map<Item, Result>();
    const waiting = [...items];
    const busy: string[] = [];
    const isReady = (item: Item): boolean => (bounds.waitsFor?.(item) ?? []).every((one) => results.has(one));
    const start = async (item: Item): Promise<void> => {
      const key = bounds.keyOf(item);
      busy.push(key);
      results.set(item, await work(item));
      busy.splice(busy.indexOf(key), 1);
      fill();
    };
    const fill = (): void => {
      while (busy.length < bounds.parallel) {
        const ready = waiting.findIndex((item) => isReady(item) && isFree(busy, item, bounds));
        const next = ready < 0 && busy.length === 0 ? 0 : ready;
        const [item] = next < 0 ? [] : waiting.splice(next, 1);
        if (item === undefined) break;
        start(item).catch(reject);
      }
      if (busy.length === 0) resolve(items.flatMap((item) => resultOf(results, item)));
    };
    fill();
  });
}

function isFree<Item>(busy: readonly string[], item: Item, { perKey, keyOf }: Bounds<Item>): boolean {
  const key = keyOf(item);
  return busy.filter((one) => one === key).length < perKey;
}

function resultOf<Item, Result>(results: ReadonlyMap<Item, Result>, item: Item): Result[] {
  const result = results.get(item);
  return result === undefined ? [] : [result];
}
