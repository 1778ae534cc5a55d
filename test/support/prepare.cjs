// Brings a clone into a state in which tests and the demo can run: the npm packages of package-lock.json, then the
// bundled command. Plain Node without dependencies, because it runs before there are any. Silent when nothing is to do.
const { createHash } = require("node:crypto");
const { spawnSync } = require("node:child_process");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const project = join(__dirname, "..", "..");
const stamp = join(project, "node_modules", ".installed-from");

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: project, stdio: ["ignore", "inherit", "inherit"] });
  if (error) fail(`Unable to run ${command}: ${error.message}`);
  if (status !== 0) fail(`Unable to prepare: \`${[command, ...args].join(" ")}\` ended with ${status}.`);
}

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Unable to prepare: Node ${process.versions.node} is too old.\nHINT: install Node 20.19 or newer.`);
}

const wanted = createHash("sha256")
  .update(readFileSync(join(project, "package-lock.json")))
  .digest("hex");
const installed = existsSync(stamp) ? readFileSync(stamp, "utf8") : "";
if (installed !== wanted) {
  process.stdout.write("Installing npm packages (npm ci)…\n");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, wanted);
}
run("npm", ["run", "--silent", "build"]);
