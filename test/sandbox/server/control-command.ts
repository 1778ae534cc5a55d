/**
 * The control socket for shell scripts and for tools that run commands:
 *
 *     control-command FOLDER reset FIXTURE
 *     control-command FOLDER write PATH      (the content comes from standard input)
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { control, type ControlCommand } from "./control";

function parseCommand(name: string | undefined, argument: string | undefined): ControlCommand {
  if (name === "reset" && argument !== undefined) return { command: "reset", fixture: resolve(argument) };
  if (name === "write" && argument !== undefined) {
    return { command: "write", path: argument, content: readFileSync(0, "utf8") };
  }
  throw new Error("usage: control-command FOLDER reset FIXTURE | write PATH");
}

async function main([folder, name, argument]: readonly string[]): Promise<void> {
  if (folder === undefined) throw new Error("usage: control-command FOLDER reset FIXTURE | write PATH");
  await control(folder, parseCommand(name, argument));
}

main(process.argv.slice(2)).catch((failure: unknown) => {
  console.error(failure instanceof Error ? failure.message : failure);
  process.exitCode = 1;
});
