import type { Mutant } from "../mutant";
import { engineMutants } from "./engine";
import { objectStoreMutants } from "./object-stores";
import { serverMutants } from "./server";

export const mutants: readonly Mutant[] = [...engineMutants, ...objectStoreMutants, ...serverMutants];
