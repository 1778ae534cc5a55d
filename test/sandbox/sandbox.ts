import { runSandboxCommand } from "./setup/command";

void runSandboxCommand(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
