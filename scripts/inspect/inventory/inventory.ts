import type { ValueOf } from "../../terminal/shapes";
import type { inventoryShape } from "./shape";

/** What is backed up where, how often, how old, how proven. */
export type Inventory = ValueOf<typeof inventoryShape>;

export type InventoryEnvironment = Inventory["environments"][number];

export type InventoryGuest = InventoryEnvironment["guests"][number];
