import { ownNames } from "../../site/state/own-names";
import { environmentOf, exampleSettings } from "./example-environment";

/** What the settings of the example call things. */
export const exampleNames = ownNames(environmentOf(exampleSettings()));
