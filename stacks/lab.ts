import { declareGuestsAndBackups } from "./guests-and-backups";
import type { Program } from "./program";

/** The lab: guests and their backups. */
export const lab: Program = declareGuestsAndBackups;
