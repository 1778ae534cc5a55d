import { processInputOutput } from "./terminal/input-output";
import { exitCodes } from "./terminal/exit-codes";
import { runProgram } from "./commands/program";

void runProgram(process.argv.slice(2), processInputOutput()).then((code) => {
  process.exitCode = code;
  // Whatever was left half-way when the user pressed Ctrl-C must not keep the process.
  if (code === exitCodes.interrupted) process.exit(code);
});
