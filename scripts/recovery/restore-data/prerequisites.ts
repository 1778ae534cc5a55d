import type { DumpManifest } from "../../../site/data/manifest";
import { readIdentities, requireRecipient } from "../../clients/data-program/age-identity";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { RestoreDataPlan } from "./plan";
import type { RestoreDataRequest, SourcePlace } from "./request";

/**
 * All that is loaded lies beside what is there until it takes its place. What a dump holds in the clear is the least that it takes:
 * indexes come on top. Asked before anything is begun; whoever goes on later may have loaded it already.
 *
 * @throws CommandError (13), GuestUnreachable
 */
export async function requireRoom(
  { items }: RestoreDataPlan,
  { program, source }: SourcePlace,
  signal: AbortSignal,
): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  const needed = items.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
  const room = await (await program()).room(source.name, first.type, first.into, signal);
  if (room >= needed) return;
  const names = items.map(({ into }) => into).join(", ");
  throw new CommandError(
    `${names} takes at least ${formatBytes(needed)} beside what is there, and ${formatBytes(room)} are free`,
    {
      exitCode: exitCodes.refused,
      hint: "make room in the guest, or restore into another one: --to-guest",
    },
  );
}

/**
 * The file with the identity is read, and fits: found out before anything is begun, and asked again of the dump when it is loaded.
 *
 * @throws CommandError (12)
 */
export async function requireIdentity(
  { name, recipients }: Pick<DumpManifest, "name" | "recipients">,
  { identity }: Pick<RestoreDataRequest, "identity">,
): Promise<void> {
  if (recipients.length === 0) return;
  if (identity === undefined) {
    throw new CommandError(`${name} is encrypted, and no identity is named`, {
      exitCode: exitCodes.passphrase,
      hint: "name the file with the age identity, which stays on this machine: --identity FILE or LIFEBOAT_AGE_IDENTITY_FILE",
    });
  }
  await requireRecipient(name, recipients, readIdentities(identity));
}
