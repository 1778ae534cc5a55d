import type { Mutant } from "../mutant";
import { engineMutants } from "./engine";
import { objectStoreMutants } from "./object-stores";
import { restoreMutants } from "./restore";
import { serverMutants } from "./server";
import { statusMutants } from "./status";

export const mutants: readonly Mutant[] = [
  ...engineMutants,
  ...objectStoreMutants,
  ...restoreMutants,
  ...serverMutants,
  ...statusMutants,
];
