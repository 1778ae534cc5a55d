import { storeUrl } from "../../project/backend";
import { tokensToHandOver, watcherOf } from "./hand-over";
import type { SitePlan } from "./site-plan";
import type { UpPlan } from "./plan";
import type { StackWork } from "./stack-work";

/**
 * Whether an environment has a second visit at the end: the one that watches, where it makes the state store, too, so that it
 * goes before the others. What it hands over is only made by them.
 */
export function isVisitedAgain(name: string, { site, names }: Pick<SitePlan, "site" | "names">): boolean {
  return watcherOf(site) === name && names.includes(name) && names.at(-1) !== name;
}

/** Plans the second visit, with the plans of all others in mind. Nothing is to be done where the first cannot be planned. */
export async function planHandOver(work: StackWork, { view, plans }: SitePlan): Promise<UpPlan> {
  const first = plans.find(({ environment }) => environment === work.selector);
  const names = first === undefined ? [] : await tokensToHandOver(work);
  const place = first?.place ?? "here";
  const isInStore = place === "store" && view !== undefined;
  return {
    environment: work.selector,
    place,
    // Where the first has brought its state.
    url: isInStore ? storeUrl(view.store, work.selector) : (first?.url ?? ""),
    keys: [],
    deadLocks: [],
    init: false,
    move: "no",
    wait: false,
    up: false,
    copy: isInStore && names.length > 0,
    ...(names.length === 0 ? {} : { handOver: names }),
  };
}
