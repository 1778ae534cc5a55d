import type { Cache } from "../cache";
import type { Platform } from "../parts/part";
import type { StepLine } from "../progress";
import type { ToolchainSettings } from "../settings";
import type { Sums } from "../sums";

/** What the ways of obtaining a part work with. */
export interface Workshop {
  readonly settings: ToolchainSettings;
  readonly sums: Sums;
  readonly cache: Cache;
  readonly platform: Platform;
  readonly progress: StepLine;
  readonly environment: NodeJS.ProcessEnv;
  /** Folder of this run for everything half-done; deleted at its end. */
  readonly workFolder: string;
}

/** A way that does not lead to the part here, so that the next one is tried. The message says why. */
export class WayClosed extends Error {
  /** @param couldBeHad the part is there, and only this project's own rules stand in the way: no case for a stand-in. */
  constructor(
    message: string,
    readonly couldBeHad = false,
  ) {
    super(message);
  }
}

/** A program that is finished, in a work folder. */
export interface Finished {
  readonly program: string;
  /** The address that it was taken from, or what it was built of. */
  readonly source: string;
  /** SHA-256 of the archive that it was taken from. */
  readonly sum?: string;
}
