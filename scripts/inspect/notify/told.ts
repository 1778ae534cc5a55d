import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { makePrivateFolder, writeDurably } from "../../machine/durable-file";
import { hasCode } from "../../machine/error-code";
import { stateHome } from "../../machine/state-home";

const toldSchema = z.object({
  version: z.literal(1),
  /** By the channel's name. */
  channels: z.record(
    z.string(),
    z.object({
      /** When it was told last, milliseconds. */
      at: z.number(),
      /** Keys of what it was told, and where it is. */
      matters: z.array(z.object({ key: z.string(), where: z.string(), text: z.string() })),
    }),
  ),
});

type Told = z.infer<typeof toldSchema>;

/** What a channel was told last. */
export type ToldLast = Told["channels"][string];

/** What was told last, kept beside the journals: only what has changed since is told again. */
export class ToldFile {
  private readonly path: string;

  /** @param subject what is looked at: the project, and one environment of it or all. */
  constructor(
    private readonly variables: Readonly<Record<string, string | undefined>>,
    subject: readonly string[],
  ) {
    const digest = createHash("sha256").update(JSON.stringify(subject)).digest("hex").slice(0, 16);
    this.path = join(stateHome(variables), `told-${digest}.json`);
  }

  /** One that cannot be read was never told: it is told once more, rather than not at all. */
  read(): Told["channels"] {
    try {
      return toldSchema.parse(JSON.parse(readFileSync(this.path, "utf8"))).channels;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError || hasCode(error, "ENOENT")) return {};
      throw error;
    }
  }

  /** @throws FileRefused, UnsafePath */
  write(channels: Told["channels"]): void {
    makePrivateFolder(stateHome(this.variables));
    writeDurably(this.path, `${JSON.stringify({ version: 1, channels }, undefined, 2)}\n`);
  }
}
