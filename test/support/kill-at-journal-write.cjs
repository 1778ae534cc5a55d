/**
 * Loaded into the command line with `--require`: ends the process with SIGKILL at the n-th write of a journal, before or
 * after the file is in its place. The command line itself knows nothing of it.
 *
 * LIFEBOAT_TEST_KILL="after 7" or "before 7".
 */
const fs = require("node:fs");

const { LIFEBOAT_TEST_KILL: kill = "" } = process.env;
const [moment, number] = kill.split(" ");
const { renameSync } = fs;
let writes = 0;

fs.renameSync = (from, to) => {
  if (!String(to).endsWith(".json")) return renameSync(from, to);
  writes += 1;
  if (moment === "before" && writes === Number(number)) process.kill(process.pid, "SIGKILL");
  renameSync(from, to);
  if (moment === "after" && writes === Number(number)) process.kill(process.pid, "SIGKILL");
};
