// What `pulumi` runs: the program as one file, so that a preview does not transform and look up a hundred sources each
// time. The file is built when it is missing or a source is newer than it: nobody deploys yesterday's program.
const { readdirSync, renameSync, rmSync, statSync, utimesSync } = require("node:fs");
const path = require("node:path");

const project = path.join(__dirname, "..");
const built = path.join(project, "dist", "program.cjs");
const sources = ["stacks", "components", "site", "proxmox", "scripts/clients", "scripts/machine", "package-lock.json"];

function newestChange(place) {
  const stat = statSync(place);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A folder's own time tells of files that have come or gone.
  return Math.max(stat.mtimeMs, ...readdirSync(place).map((name) => newestChange(path.join(place, name))));
}

function isBuilt() {
  const stat = statSync(built, { throwIfNoEntry: false });
  return stat !== undefined && sources.every((name) => newestChange(path.join(project, name)) < stat.mtimeMs);
}

function build() {
  const begun = new Date();
  const unfinished = `${built}.${process.pid}`;
  try {
    require("esbuild").buildSync({
      entryPoints: [path.join(__dirname, "index.ts")],
      outfile: unfinished,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20.19",
      // Pulumi's runner and the program must share these: they hold what is registered. The last two issue certificates,
      // and are read from disk by the one stack that does.
      external: ["@pulumi/*", "@muhlba91/*", "@peculiar/x509", "reflect-metadata"],
      logLevel: "silent",
    });
    // A source that changes during the build is newer than it.
    utimesSync(unfinished, begun, begun);
    renameSync(unfinished, built);
  } catch (error) {
    rmSync(unfinished, { force: true });
    const { RunError } = require("./load-pulumi.cjs");
    throw new RunError(
      `Unable to build the program into ${built}: ${error.message}\nHINT: \`npm ci\` in ${project}, and make that folder writable; then again`,
    );
  }
}

if (!isBuilt()) build();
// Pulumi's runner has every stack trace mapped back to sources, and Pulumi takes one for each promise: with a hundred guests
// a quarter of a preview's time, for a program that has no source map.
Error.prepareStackTrace = undefined;
require("./load-pulumi.cjs");
module.exports = require(built);
