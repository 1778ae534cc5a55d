import { runCommandLine } from "./command-line";

// A stop by hand or by the system ends what was started, too: processes.ts does it when this process exits.
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

void runCommandLine(process.argv.slice(2), {
  environment: process.env,
  out: (text) => process.stdout.write(text),
  screen: {
    isTerminal: process.stderr.isTTY,
    write: (text) => process.stderr.write(text),
    now: () => performance.now(),
  },
}).then((exitCode) => {
  process.exitCode = exitCode;
});
