import type { Driver } from "./driver";
import { MemoryDriver } from "./memory";
import { RealDriver } from "./real/real";

/**
 * The driver of that name for the site of a folder.
 *
 * @param nodes names of all nodes of the site, always in the same order
 */
export function createDriver(name: string, stateFolder: string, nodes: readonly string[]): Driver {
  if (name === "memory") return new MemoryDriver();
  if (name === "real") return new RealDriver(stateFolder, nodes);
  throw new Error(`unknown driver '${name}'; there are memory and real`);
}
