import type { Readable } from "node:stream";
import type { DumpItem } from "../../../../site/data/manifest";
import { readIdentities } from "../../../clients/data-program/age-identity";
import type { DataProgram } from "../../../clients/data-program/data-program";
import { carry } from "../../../clients/data-program/transfer";
import { StoreError } from "../../../clients/object-store/object-store";
import { CommandError } from "../../../terminal/command-error";
import { copiedSince } from "../../../terminal/copied";
import type { StepContext } from "../../engine/step";

/** Bytes of a dump on their way. */
export interface ShelvedBytes {
  readonly output: Readable;
  /** Nobody takes them any more. */
  stop(): void;
  /** Whether all of them were given. @throws what kept them from it */
  ended(): Promise<void>;
}

/** An item of a dump that comes through this machine. */
export interface CarriedItem {
  readonly item: Pick<DumpItem, "bytes" | "sha256">;
  readonly fetched: ShelvedBytes;
  /** File with the identities that open it. Undefined: it goes on as it comes. */
  readonly identity: string | undefined;
  /** What is said in place of an error of whoever gives the bytes. */
  readonly explain?: (error: unknown) => unknown;
}

/**
 * Carries an item into a verb of a guest's program that reads it from its standard input.
 *
 * @returns what the verb has printed
 * @throws CommandError (1, 12), GuestUnreachable
 */
export async function carryInto(
  writer: DataProgram,
  words: readonly string[],
  { item, fetched, identity, explain = (error) => error }: CarriedItem,
  { signal, progress }: Pick<StepContext, "signal" | "progress">,
): Promise<string> {
  const received = await writer.open(words, signal);
  const printed: Buffer[] = [];
  received.program.output.on("data", (chunk: Buffer) => printed.push(chunk));
  const cargo = {
    from: fetched.output,
    to: received.program.input,
    sha256: item.sha256,
    size: item.bytes,
    identities: identity === undefined ? undefined : readIdentities(identity),
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
    else await received.program.giveUp();
    signal.throwIfAborted();
    if (isTakers) writer.require(words, await received.end());
    else await fetched.ended();
    throw isTakers ? failure.error : explain(failure.error);
  }
  await fetched.ended();
  progress("the guest proves it");
  writer.require(words, await received.end());
  return Buffer.concat(printed).toString("utf8");
}
