import type { RestoreDataItem } from "./plan";

/** What one thing is called while it is on its way. */
export interface Named {
  readonly item: RestoreDataItem;
  readonly number: string;
  /** The new one, until it is proven. */
  readonly copy: string;
  /** The old one, from then on until the new one is proven in its place. */
  readonly old: string;
}
