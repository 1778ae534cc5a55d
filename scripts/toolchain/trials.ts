import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import type { Copy } from "./cache";
import { replaceFile } from "./files";
import { hashOfFile } from "./pins";
import { ProcessError, runProcess } from "./processes";
import { requireSafe } from "./safe-path";
import { WayClosed, type Workshop } from "./ways/way";

const projectFolder = path.join(__dirname, "../..");

/** Raised when trials ask for more than before: what has passed is tried again. */
const recipe = "1";

/** A trial that has not ended by then waits for something that never comes. */
const patienceMilliseconds = 180_000;

const verdictSchema = z.object({ reason: z.string().nullable() });

/** How a program ends whose plugin is at fault; every other failure is the trial's own. */
const pluginFailed = 1;

/** What came of trials, kept by the sum of the program: another program is tried, the same one never twice. */
export class Trials {
  constructor(private readonly cacheFolder: string) {}

  /** Whether it passed; a part without a trial always does. Undefined: it was not tried. */
  verdict({ part, program }: Copy): "passed" | { readonly reason: string } | undefined {
    if (part.trial === undefined) {
      return "passed";
    }
    const file = this.fileOf(part.name, program);
    requireSafe(file);
    if (!existsSync(file)) {
      return undefined;
    }
    const { data } = verdictSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    return data && (data.reason === null ? "passed" : { reason: data.reason });
  }

  /**
   * Tries a copy, unless that was done before. A trial that cannot be made here says so and proves nothing: the copy is used.
   *
   * @throws WayClosed with what the plugin did.
   */
  async pass(copy: Copy, workshop: Workshop): Promise<void> {
    const known = this.verdict(copy) ?? (await this.attempt(copy, workshop));
    if (known !== "passed") {
      throw new WayClosed(`it fails its trial: ${known.reason}`);
    }
  }

  private async attempt({ part, program }: Copy, workshop: Workshop): Promise<"passed" | { readonly reason: string }> {
    workshop.progress.begin(`${part.name} ${part.version}: trying it on an emulated site`);
    const lines: string[] = [];
    try {
      await runProcess(process.execPath, ["scripts/run.cjs", part.trial ?? "", part.name, program], {
        folder: projectFolder,
        environment: workshop.environment,
        noteIn: workshop.workFolder,
        patienceMilliseconds,
        onLine: (line) => lines.push(line),
      });
    } catch (error) {
      if (!(error instanceof ProcessError)) {
        throw error;
      }
      if (error.exitCode === undefined) {
        return { reason: `it had not ended after ${patienceMilliseconds / 1000} s` };
      }
      const reason = lines.join(" ").trim() || error.message;
      if (error.exitCode !== pluginFailed) {
        workshop.progress.say(`${part.name} ${part.version}: not tried: ${reason}`);
        return "passed";
      }
      this.note(part.name, program, reason);
      return { reason };
    }
    this.note(part.name, program, null);
    return "passed";
  }

  /** Keeps what came of a trial; null: it passed. */
  note(name: string, program: string, reason: string | null): void {
    const file = this.fileOf(name, program);
    mkdirSync(path.dirname(file), { recursive: true });
    replaceFile(file, (draft) => writeFileSync(draft, `${JSON.stringify({ reason })}\n`));
  }

  private fileOf(name: string, program: string): string {
    return path.join(this.cacheFolder, "trials", `${name}-${hashOfFile(program)}-${recipe}.json`);
  }
}
