import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { RestoreDataPlan } from "./plan";
import type { SourcePlace } from "./request";

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
