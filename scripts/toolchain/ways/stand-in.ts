import { chmodSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { Part } from "../parts/part";
import { standInFolder } from "../pins";
import { checkVersion } from "./version-check";
import { WayClosed, type Finished, type Workshop } from "./way";

/**
 * Bundles a stand-in of ours into one executable file that needs Node and nothing of the project.
 *
 * @throws WayClosed if the part has none.
 */
export async function bundleStandIn(part: Part, workshop: Workshop): Promise<Finished> {
  if (!part.standIn) {
    throw new WayClosed("there is no stand-in for it");
  }
  workshop.progress.begin(`${part.name} ${part.version}: bundling its stand-in`);
  const program = path.join(workshop.workFolder, part.executable);
  await build({
    entryPoints: [path.join(standInFolder, part.standIn.entryPoint)],
    outfile: program,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    banner: { js: "#!/usr/bin/env node" },
    define: { STAND_IN_VERSION: JSON.stringify(part.version) },
    logLevel: "silent",
  });
  chmodSync(program, 0o755);
  await checkVersion(part, program);
  return { program, source: `stand-in ${part.standIn.entryPoint}` };
}
