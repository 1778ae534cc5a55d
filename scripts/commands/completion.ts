import * as z from "zod";
import { plainText } from "../../proxmox/api/plain-text";
import { candidatesFor } from "../inspect/completion/candidates";
import { knownNames } from "../inspect/completion/known-names";
import { scriptShape, wordsShape } from "../inspect/completion/shape";
import { linesFor, type ShellName, shells } from "../inspect/completion/shells";
import type { CommandContext } from "../project/context";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Prints what makes a shell complete commands, options, and the names of guests and environments. Names come from the settings: no node is asked. With words behind -- it prints what fits in the place of the last one, which is how the shells ask.",
  examples: [
    { command: "source <(lifeboat completion bash)", meaning: "in this shell; in ~/.bashrc for every one" },
    { command: "source <(lifeboat completion zsh)", meaning: "the same in zsh, behind compinit" },
    { command: "lifeboat completion fish | source", meaning: "the same in fish" },
  ],
  arguments: [
    { name: "shell", description: "bash, zsh or fish", required: true },
    { name: "words", description: "behind --: the words of a command line", required: false, variadic: true },
  ],
  input: z.object({
    shell: z.enum(["bash", "zsh", "fish"], { error: "bash, zsh or fish is expected" }),
    words: z.array(z.string()).default([]),
  }),
  aim: ({ shell }) => `complete commands in ${shell}`,
  prints: { script: scriptShape, words: wordsShape },
  run: async ({ shell, words }, context) => {
    if (words.length === 0) return printScript(shell, context);
    const completion = await candidatesFor(words, context.commands, namesFor(words, context));
    const { json } = context.output;
    // Tabulators are part of what fish reads.
    if (!json) for (const line of linesFor(shell, completion)) context.io.writeOutput(`${safe(line)}\n`);
    else context.output.message("result", { shell, ...completion });
    return exitCodes.done;
  },
});

function printScript(shell: ShellName, { output }: CommandContext): ExitCode {
  const { script } = shells[shell];
  output.result({ shell, script }, (lines) => lines.text(script.trimEnd()));
  return exitCodes.done;
}

function namesFor(words: readonly string[], { io, project }: CommandContext) {
  const place = words.indexOf("--project");
  const named = place < 0 ? project : words[place + 1];
  return knownNames({ project: named, environment: io.environment, workingDirectory: io.workingDirectory });
}

function safe(line: string): string {
  return line.split("\t").map(plainText).join("\t");
}
