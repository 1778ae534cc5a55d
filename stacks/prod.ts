import { declareGuestsAndBackups } from "./guests-and-backups";
import type { Program } from "./program";

/** Production: guests and their backups. */
export const prod: Program = declareGuestsAndBackups;
