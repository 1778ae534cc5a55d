// Builds dist/program.cjs when it is missing or a source is newer than it: nobody deploys yesterday's program.
const { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } = require("node:fs");
const path = require("node:path");

const project = path.join(__dirname, "..");
const built = path.join(project, "dist", "program.cjs");
const entry = path.join(__dirname, "index.ts");
const sources = ["stacks", "components", "site", "proxmox", "scripts/clients", "scripts/machine", "package-lock.json"];

function newestChange(place) {
  const stat = statSync(place);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A folder's own time tells of files that have come or gone.
  return Math.max(stat.mtimeMs, ...readdirSync(place).map((name) => newestChange(path.join(place, name))));
}

function isBuilt() {
  const stat = statSync(built, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  // What a break-glass file holds is built, and has no source that could be newer.
  return !existsSync(entry) || sources.every((name) => newestChange(path.join(project, name)) < stat.mtimeMs);
}

function build() {
  const begun = new Date();
  const unfinished = `${built}.${process.pid}`;
  try {
    require("esbuild").buildSync({
      entryPoints: [entry],
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

/** Path of the program as one file, as the sources are. */
exports.builtProgram = () => {
  if (!isBuilt()) build();
  return built;
};
