// jest's `globalSetup` of the tests of commands: bundles the kit. Written only when it differs, and never half: another run
// of jest may be reading it.
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { build } = require("esbuild");
const setUp = require("../../../support/global-setup.cjs");

const project = join(__dirname, "../../../..");
const kit = join(project, "dist/test/kit.cjs");

module.exports = async () => {
  await setUp();
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "index.ts")],
    outfile: kit,
    bundle: true,
    write: false,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    logLevel: "warning",
    alias: { "@clack/prompts": join(__dirname, "person.ts") },
    // The emulator finds the project by its own place.
    define: { __dirname: JSON.stringify(join(project, "test/sandbox/setup")) },
  });
  const [{ contents }] = outputFiles;
  if (existsSync(kit) && readFileSync(kit).equals(contents)) return;
  mkdirSync(dirname(kit), { recursive: true });
  const draft = `${kit}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, kit);
};

module.exports.kit = kit;
