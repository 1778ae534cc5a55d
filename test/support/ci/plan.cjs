// What `.ci/run` runs, in this order, and which tests may be skipped where.
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { homedir } = require("node:os");
const { resolve } = require("node:path");

const npm = (...words) => ["npm", "run", "--silent", ...words];

// Minutes are the most that a stage may take, about twice of what it takes on two cores. A stage that needed less leaves the rest
// to those behind it; `allMinutes` is what they have together. `reports` says that a stage writes which tests it ran: without that file it has failed, whatever it ended with.
const stages = [
  { name: "prepare", command: ["node", "test/support/prepare.cjs"], minutes: 2 },
  { name: "check", command: npm("check:code"), minutes: 2 },
  { name: "toolchain", command: npm("toolchain", "--", "--all"), minutes: 24 },
  { name: "workflows", command: npm("lint:workflows"), minutes: 1 },
  { name: "test", command: npm("test"), minutes: 20, reports: true },
  { name: "conformance", command: npm("conformance"), minutes: 3, reports: true },
  { name: "rehearsal", command: npm("rehearsal"), minutes: 70, reports: true },
  { name: "audit", command: npm("audit"), minutes: 1, reports: true },
];

// Milliseconds that the processes of a stage have to end by themselves once its time is over.
const grace = 10_000;

const shared = resolve(__dirname, "../../../../shared");
const isWithoutRecordings = () => !existsSync(resolve(shared, "pve-api"));
const isNotRoot = () => process.getuid?.() !== 0;
const toolchain = [resolve(__dirname, "../../../scripts/run.cjs"), "scripts/toolchain/main.ts"];
const userCache = process.env.XDG_CACHE_HOME || resolve(homedir(), ".cache");
const needsDebianPackages = (file) => ({
  file,
  where: () => spawnSync("apt-get", ["--version"]).status !== 0,
  reason: "promtool, amtool, Prometheus and shellcheck come from Debian's packages, and this machine has no apt-get",
});
const hasBuilt = (artifact) =>
  spawnSync(process.execPath, [...toolchain, "--check", "--artifact", artifact]).status === 0;
const needsContainers = (name) => ({
  file: `test/rehearsal/${name}.test.ts`,
  where: isNotRoot,
  reason: "real containers need root",
});

// A skipped test that is not named here, or whose reason does not hold on this machine, counts as failed.
const expectedSkips = [
  {
    file: "test/unit/proxmox/rules/golden.test.ts",
    where: isWithoutRecordings,
    reason: "Proxmox's own answers lie in ../shared, which is not part of the project",
  },
  {
    file: "test/unit/sandbox/server/parameter-tables.test.ts",
    where: isWithoutRecordings,
    reason: "Proxmox's published schema lies in ../shared, which is not part of the project",
  },
  {
    file: "test/unit/scripts/inspect/node-script/run.test.ts",
    where: isWithoutRecordings,
    reason: "Proxmox's published schema lies in ../shared, which is not part of the project",
  },
  {
    file: "test/sandbox/conformance.ts",
    where: () => isWithoutRecordings() || !existsSync(resolve(shared, "tools/pve-replay")),
    reason: "the recordings and the program that replays them lie in ../shared, which is not part of the project",
  },
  {
    file: "test/unit/scripts/toolchain/safe-path.test.ts",
    where: isNotRoot,
    reason: "only root gives a file to another user",
  },
  {
    file: "test/unit/scripts/clients/systemd-quote.test.ts",
    where: () => spawnSync("systemd-analyze", ["--version"]).status !== 0,
    reason: "systemd itself reads the quoted lines where it is installed",
  },
  {
    file: "test/support/audit/main.ts",
    where: () => process.env.GITHUB_ACTIONS !== "true",
    reason: "the registry of a closed network answers no such question",
  },
  needsDebianPackages("test/unit/site/monitoring/rules/promtool.test.ts"),
  needsDebianPackages("test/unit/scripts/inspect/exporter/page-promtool.test.ts"),
  needsDebianPackages("test/unit/scripts/inspect/node-script/shellcheck.test.ts"),
  needsDebianPackages("test/unit/support/debian-program.test.ts"),
  needsDebianPackages("test/components/data/"),
  needsDebianPackages("test/components/offsite/"),
  {
    file: "test/commands/monitoring/alerts.test.ts",
    where: () =>
      needsDebianPackages("").where() || spawnSync("unshare", ["--mount", "--map-root-user", "true"]).status !== 0,
    reason: "Prometheus and Alertmanager come from Debian's packages, which want a mount namespace of their own",
  },
  {
    file: "test/commands/monitoring/receivers.test.ts",
    where: () =>
      needsDebianPackages("").where() ||
      spawnSync("unshare", ["--net", "--mount", "--map-root-user", "ip", "link", "set", "lo", "up"]).status !== 0,
    reason: "Alertmanager and a mail server come from Debian's packages, and are told in a network of their own",
  },
  needsDebianPackages("test/unit/site/monitoring/dashboards/on-prometheus.test.ts"),
  {
    file: "test/commands/monitoring/pictures.test.ts",
    where: () => spawnSync("chromium", ["--version"]).status !== 0 || !hasBuilt("grafana"),
    reason: "Grafana is built only where somebody asks for it, and a browser is not installed",
  },
  {
    file: "test/commands/kit/on-paper.test.ts",
    where: () => spawnSync("chromium", ["--version"]).status !== 0,
    reason: "a browser is not installed",
  },
  {
    file: "test/commands/completion/",
    where: () =>
      needsDebianPackages("").where() ||
      ["groff", "man"].some((program) => spawnSync(program, ["--version"]).status !== 0),
    reason: "zsh, fish and mandoc come from Debian's packages, and not every machine reads manual pages",
  },
  {
    file: "test/rehearsal/independent-reader.test.ts",
    where: () => !existsSync(resolve(userCache, "lifeboat/test/dissect-archive-1.8")),
    reason: "somebody else's reader of archives is a Python package, which pip could not get",
  },
  needsContainers("bootstrap"),
  needsContainers("monitoring"),
  {
    file: "test/rehearsal/monitoring.test.ts",
    where: () => !hasBuilt("docker-compose"),
    reason: "Docker Compose 2 is built only where somebody asks for it",
  },
  {
    file: "test/rehearsal/monitoring-pages.test.ts",
    where: () => isNotRoot() || !hasBuilt("grafana"),
    reason: "real containers need root, and Grafana is built only where somebody asks for it",
  },
  { file: "test/rehearsal/drill-network.test.ts", where: isNotRoot, reason: "real networks need root" },
  // Each of them runs in a guest of test/support/database-guest.
  {
    file: "test/rehearsal/data/node-configuration.test.ts",
    where: isWithoutRecordings,
    reason: "Proxmox's published schema lies in ../shared, which is not part of the project",
  },
  { file: "test/rehearsal/data/", where: isNotRoot, reason: "a guest's own mounts, processes and network need root" },
  needsContainers("data"),
  needsContainers("docker"),
  {
    file: "test/rehearsal/docker.test.ts",
    where: () => !hasBuilt("grafana"),
    reason: "Grafana is built only where somebody asks for it",
  },
  needsContainers("drill"),
  needsContainers("firewall"),
  needsContainers("first-restore"),
  needsContainers("from-offsite"),
  needsContainers("machines-driver"),
  needsContainers("machines"),
  needsContainers("main-site"),
  needsContainers("sandbox"),
  needsContainers("state-store"),
];

module.exports = { stages, expectedSkips, grace, allMinutes: 87 };
