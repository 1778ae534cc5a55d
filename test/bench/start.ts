import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { type Ratio, inTurns } from "./measure";

const bundle = resolve(__dirname, "../../dist/lifeboat.cjs");

/** What the command line costs before it does anything, against Node with nothing to do. */
export async function measureStart(): Promise<Ratio[]> {
  const { measured, against } = await inTurns(
    15,
    () => node([bundle, "--help"]),
    () => node(["-e", "0"]),
  );
  return [
    {
      measure: "start",
      what: "lifeboat --help ÷ node -e 0",
      milliseconds: measured,
      againstMilliseconds: against,
      ratio: measured / against,
      atMost: 2,
    },
  ];
}

function node(argv: readonly string[]): Promise<void> {
  const { status } = spawnSync(process.execPath, argv, { stdio: "ignore" });
  return status === 0 ? Promise.resolve() : Promise.reject(new Error(`node ${argv.join(" ")} ended with ${status}`));
}
