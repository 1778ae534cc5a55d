import type { Counts } from "../../clients/data-program/data-program";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { StepContext } from "../engine/step";
import { carryInto } from "../steps/data/carry-into";
import { type DumpShelf, dumpWords } from "./dump-shelf";
import { isCarried } from "./make-plan";
import type { RestoreDataItem, RestoreDataPlan } from "./plan";
import { isSamePlace, type SourcePlace } from "./request";

/** Where the bytes of a dump come from, and where they go. */
export interface LoadPlaces {
  readonly from: SourcePlace;
  readonly to: SourcePlace;
  readonly shelf: DumpShelf;
  readonly identity: string | undefined;
  /** The command that restores another dump. */
  withOther(dump: string): string;
}

/** The same error of a damaged dump, with the dump that can be restored in its place. */
export function namingOlder(
  error: unknown,
  { older }: Pick<RestoreDataPlan, "older">,
  { withOther }: Pick<LoadPlaces, "withOther">,
): unknown {
  if (!(error instanceof CommandError) || error.exitCode !== exitCodes.failed) return error;
  const hint = older === undefined ? "no older dump has it" : `an older one has it: ${withOther(older)}`;
  return new CommandError(error.message, { exitCode: exitCodes.failed, hint });
}

/**
 * Loads one thing of a dump beside what is there, under the name of a copy. What an earlier attempt has left of that copy goes
 * first. Where it was encrypted, or goes to another guest, the bytes come through this machine.
 *
 * @throws CommandError (1, 12), GuestUnreachable
 */
export async function loadCopy(
  plan: RestoreDataPlan,
  item: RestoreDataItem,
  copy: string,
  places: LoadPlaces,
  context: Pick<StepContext, "signal" | "progress">,
): Promise<Counts> {
  const { from, to } = places;
  const where = dumpWords(plan);
  if (!isCarried(plan, isSamePlace(from, to))) {
    context.progress("in the guest itself");
    const program = await to.program();
    const words = [
      "copy",
      to.source.name,
      item.type,
      item.into,
      copy,
      item.plainSha256,
      from.source.name,
      where,
      item.file,
    ];
    return program.counted(words, context.signal);
  }
  return carryCopy(plan, item, copy, places, context);
}

async function carryCopy(
  plan: RestoreDataPlan,
  item: RestoreDataItem,
  copy: string,
  places: LoadPlaces,
  context: Pick<StepContext, "signal" | "progress">,
): Promise<Counts> {
  const { shelf, to, identity } = places;
  const writer = await to.program();
  const receiveWords = ["receive", to.source.name, item.type, item.into, copy, item.plainSha256];
  const carried = {
    item,
    fetched: await shelf.open(plan, item, context.signal),
    identity: plan.encrypted ? identity : undefined,
    explain: (error: unknown) => namingOlder(error, plan, places),
  };
  return writer.countsIn(await carryInto(writer, receiveWords, carried, context), receiveWords);
}
