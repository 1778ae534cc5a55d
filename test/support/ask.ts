import { processInputOutput } from "../../scripts/terminal/input-output";
import { Prompts } from "../../scripts/terminal/prompts";

/** Asks one question on the terminal that it runs in, and says what came of it. */
new Prompts(processInputOutput(), false).confirm({ text: "Sure?", flag: "--force" }).then(
  (answer) => process.stdout.write(`answered ${String(answer)}\n`),
  (error: unknown) => process.stdout.write(`${String(error)}\n`),
);
