import type { Mutant } from "../mutant";
import { serverMutants } from "./server";

export const mutants: readonly Mutant[] = [...serverMutants];
