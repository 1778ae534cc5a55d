import { readIdentities } from "../../clients/data-program/age-identity";
import type { Counts } from "../../clients/data-program/data-program";
import { StoreError } from "../../clients/object-store/object-store";
import { carry } from "../../clients/data-program/transfer";
import { CommandError } from "../../terminal/command-error";
import { copiedSince } from "../../terminal/copied";
import { exitCodes } from "../../terminal/exit-codes";
import type { StepContext } from "../engine/step";
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
  { signal, progress }: Pick<StepContext, "signal" | "progress">,
): Promise<Counts> {
  const { shelf, to, identity } = places;
  const writer = await to.program();
  const receiveWords = ["receive", to.source.name, item.type, item.into, copy, item.plainSha256];
  const fetched = await shelf.open(plan, item, signal);
  const received = await writer.open(receiveWords, signal);
  const printed: Buffer[] = [];
  received.program.output.on("data", (chunk: Buffer) => printed.push(chunk));
  const cargo = {
    from: fetched.output,
    to: received.program.input,
    sha256: item.sha256,
    size: item.bytes,
    identities: plan.encrypted && identity !== undefined ? readIdentities(identity) : undefined,
    onBytes: copiedSince(item.bytes, progress),
  };
  const failure = await carry(cargo, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (failure !== undefined) {
    // Whoever has failed says why; the other one has only lost its partner.
    const isTakers = !(failure.error instanceof CommandError || failure.error instanceof StoreError);
    if (isTakers) fetched.stop();
    else received.program.stop();
    signal.throwIfAborted();
    if (isTakers) writer.require(receiveWords, await received.end());
    else await fetched.ended();
    throw isTakers ? failure.error : namingOlder(failure.error, plan, places);
  }
  await fetched.ended();
  progress("the guest proves it");
  writer.require(receiveWords, await received.end());
  return writer.countsIn(Buffer.concat(printed).toString("utf8"), receiveWords);
}
