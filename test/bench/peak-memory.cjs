// Loaded into a measured process with --require: writes its peak memory in KiB to the file named by LIFEBOAT_BENCH_PEAK.
const { writeFileSync } = require("node:fs");

const file = process.env["LIFEBOAT_BENCH_PEAK"];
if (file !== undefined) process.once("exit", () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
