import { relative } from "node:path";
import { shellQuote } from "../../machine/shell-quote";
import { backendOf } from "../../project/backend";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { counted } from "../../terminal/text";
import type { MadeSettings } from "./make-settings";
import type { initShape } from "./shape";

/** What there is when `lifeboat init` ends. */
interface Outcome {
  readonly environment: LoadedEnvironment;
  readonly made: MadeSettings;
  readonly guests: {
    readonly adopted: readonly { readonly name: string; readonly id: number }[];
    readonly unnamed: number;
  };
  readonly doctor: { readonly exitCode: ExitCode };
}

/** What was done, and the lines that lead to the first proven restore. */
export function initReport(outcome: Outcome, { io }: Pick<CommandContext, "io">) {
  const { environment, made, guests, doctor } = outcome;
  const { name, settings } = environment;
  const next = nextLines(outcome, io.workingDirectory);
  const value: ValueOf<typeof initShape> = {
    environment: name,
    file: made.file,
    written: [...made.written],
    doctor: { ok: doctor.exitCode === exitCodes.done, exitCode: doctor.exitCode },
    adopted: guests.adopted.map(({ name: guest, id }) => ({ name: guest, id })),
    unnamed: guests.unnamed,
    next,
  };
  const backend = backendOf(environment, io.environment);
  const print = (lines: Lines): void => {
    lines.line();
    lines.paragraph(`The settings of ${name} are in ${made.file}, with ${counted(settings.guests.length, "guest")}.`);
    if (guests.unnamed > 0) {
      lines.line(`In no settings: ${counted(guests.unnamed, "guest")} of the nodes. To adopt what can be:`);
      lines.line(`  lifeboat adopt --all --env ${name}`);
    }
    lines.paragraph(`Pulumi's state will be in ${backend.url} (${backend.origin}); a store can take it later.`);
    lines.line(
      settings.guests.length === 0
        ? "Next:"
        : "Next, to the first proven restore, beside the guest and without touching it:",
    );
    for (const line of next) lines.line(`  ${line}`);
  };
  return { value, print };
}

/** Lines for the shell in which this command ran. */
function nextLines({ environment, made, doctor }: Outcome, workingDirectory: string): string[] {
  const { name, settings } = environment;
  const away = relative(made.folder, workingDirectory).startsWith("..");
  const before = [
    ...(away ? [`cd ${shellQuote(made.folder)}`] : []),
    ...Object.entries(made.variables).map(([variable, value]) => `export ${variable}=${shellQuote(value)}`),
    ...(doctor.exitCode === exitCodes.done ? [] : [`lifeboat doctor ${name}`]),
  ];
  const [first] = settings.guests;
  if (first === undefined) return [...before, `lifeboat adopt --all --env ${name}`, `lifeboat up ${name}`];
  return [
    ...before,
    `lifeboat up ${name}`,
    `lifeboat backup ${name}/${first.name}`,
    `lifeboat restore guest ${name}/${first.name} --target-id next`,
  ];
}
