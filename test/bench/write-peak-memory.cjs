// Loaded into measured processes with --require: each writes its peak memory in KiB into LIFEBOAT_BENCH_PEAK, a folder.
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");

const folder = process.env["LIFEBOAT_BENCH_PEAK"];
if (folder !== undefined) {
  process.once("exit", () => writeFileSync(join(folder, String(process.pid)), String(process.resourceUsage().maxRSS)));
}
