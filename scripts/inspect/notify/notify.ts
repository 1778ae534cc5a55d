import { hostname } from "node:os";
import { type Channel, NotSent } from "../../clients/notify/channel";
import type { CommandContext } from "../../project/context";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Matter } from "./matters";
import { messageOf, occasionOf } from "./message";
import type { ToldFile, ToldLast } from "./told";

/** Who is told, and what they were told last. */
export interface Notification {
  readonly channels: readonly Channel[];
  readonly told: ToldFile;
  /** The project's name, as far as it is known. */
  readonly site: string;
}

/**
 * Tells each channel what it does not know yet. What a channel did not take is told to it again by the next run, whether something
 * has changed by then or not.
 *
 * @throws CommandError (1) where a channel did not take it, when all the others were told
 */
export async function notify(
  found: readonly Matter[],
  { channels, told, site }: Notification,
  { talk, signal, redactor }: Pick<CommandContext, "talk" | "signal" | "redactor">,
): Promise<void> {
  const matters = found.map(({ key, where, text }) => ({
    key: redactor.redact(key),
    where,
    text: redactor.redact(text),
  }));
  const before = told.read();
  const after = new Map<string, ToldLast>(Object.entries(before));
  const failed: string[] = [];
  for (const channel of channels) {
    const last = before[channel.name];
    const now = Date.now();
    const occasion = occasionOf(matters, last, now);
    if (occasion === undefined) continue;
    try {
      await channel.send(messageOf(matters, last, { occasion, site, host: hostname() }), signal);
      talk.line(`Told: ${channel.name}.`);
      after.set(channel.name, { at: now, matters });
      // At once: whoever was told is not told again because this process dies before the next.
      told.write(Object.fromEntries(after));
    } catch (error) {
      if (!(error instanceof NotSent)) throw error;
      failed.push(`${channel.name}: ${error.message}`);
    }
  }
  if (failed.length === 0) return;
  throw new CommandError(`not everybody could be told: ${failed.join("; ")}`, {
    exitCode: exitCodes.failed,
    hint: "the next run tells them again",
  });
}
