import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { PresentGuest } from "./inspection";
import type { GuestSession } from "../../engine/session";
import { supportHint, whyNoSnapshots } from "./guest-snapshots";

/** @throws CommandError (13) that names disk and storage */
export async function requireSnapshotSupport({ client }: GuestSession, { address }: PresentGuest): Promise<void> {
  const why = await whyNoSnapshots(client, address);
  if (why === undefined) return;
  throw new CommandError(why, { exitCode: exitCodes.refused, hint: supportHint });
}
