import { declareGuestsAndBackups } from "./guests-and-backups";
import type { Program } from "./program";

/** Monitoring: guests and their backups. */
export const monitoring: Program = declareGuestsAndBackups;
