import { CommandError } from "../../commands/frame/command-error";
import { exitCodes } from "../../commands/frame/exit-codes";
import type { PresentGuest } from "../guests/inspection";
import type { Session } from "../session";
import { supportHint, whyNoSnapshots } from "./guest-snapshots";

/** @throws CommandError (13) that names disk and storage */
export async function requireSnapshotSupport({ client, guest }: Session, { address }: PresentGuest): Promise<void> {
  const why = await whyNoSnapshots(client, address);
  if (why === undefined) return;
  throw new CommandError(`${guest.name}: ${why}`, { exitCode: exitCodes.refused, hint: supportHint });
}
