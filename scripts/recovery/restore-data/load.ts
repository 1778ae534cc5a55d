import { readIdentities } from "../../clients/data-program/age-identity";
import type { Counts } from "../../clients/data-program/data-program";
import { carry } from "../../clients/data-program/transfer";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import type { StepContext } from "../engine/step";
import { isCarried } from "./make-plan";
import type { RestoreDataItem, RestoreDataPlan } from "./plan";
import { isSamePlace, type SourcePlace } from "./request";

/** Where the bytes of a dump come from, and where they go. */
export interface LoadPlaces {
  readonly from: SourcePlace;
  readonly to: SourcePlace;
  readonly identity: string | undefined;
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

/** What names a dump in the guest: that of a save point lies elsewhere. */
function dumpWords({ dump, savePointOf }: RestoreDataPlan): string {
  return savePointOf === undefined ? dump : `save-points/${savePointOf}/${dump}`;
}

async function carryCopy(
  plan: RestoreDataPlan,
  item: RestoreDataItem,
  copy: string,
  { from, to, identity }: LoadPlaces,
  { signal, progress }: Pick<StepContext, "signal" | "progress">,
): Promise<Counts> {
  const [reader, writer] = await Promise.all([from.program(), to.program()]);
  const fetchWords = ["fetch", from.source.name, dumpWords(plan), item.file];
  const receiveWords = ["receive", to.source.name, item.type, item.into, copy, item.plainSha256];
  const fetched = await reader.open(fetchWords, signal);
  const received = await writer.open(receiveWords, signal);
  const printed: Buffer[] = [];
  received.program.output.on("data", (chunk: Buffer) => printed.push(chunk));
  const cargo = {
    from: fetched.program.output,
    to: received.program.input,
    sha256: item.sha256,
    size: item.bytes,
    identities: plan.encrypted && identity !== undefined ? readIdentities(identity) : undefined,
    onBytes: rateOf(item.bytes, progress),
  };
  const failure = await carry(cargo, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (failure !== undefined) {
    const isTakers = !(failure.error instanceof CommandError);
    // Whoever has failed says why; the other one has only lost its partner.
    const [guilty, words, stream] = isTakers
      ? ([writer, receiveWords, received] as const)
      : ([reader, fetchWords, fetched] as const);
    if (isTakers) fetched.program.stop();
    else received.program.stop();
    signal.throwIfAborted();
    guilty.require(words, await stream.end());
    throw failure.error;
  }
  reader.require(fetchWords, await fetched.end());
  progress("the guest proves it");
  writer.require(receiveWords, await received.end());
  return writer.countsIn(Buffer.concat(printed).toString("utf8"), receiveWords);
}

/** Shows how much has come, and how fast. */
function rateOf(size: number, progress: (text: string) => void): (count: number) => void {
  const started = performance.now();
  return (count) => {
    const seconds = (performance.now() - started) / 1_000;
    const rate = seconds < 1 ? "" : `, ${formatBytes(Math.round(count / seconds))}/s`;
    progress(`${formatBytes(count)} of ${formatBytes(size)}${rate}`);
  };
}
