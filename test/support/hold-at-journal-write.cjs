/**
 * Loaded into the command line with `--require`: the process stands still after the first write of a journal that matches, until
 * it is let go. The command line itself knows nothing of it.
 *
 * LIFEBOAT_TEST_HOLD: what the journal says then, as a regular expression. LIFEBOAT_TEST_HOLD_FILE: the path of a file; beside
 * it appears `.held` when it stands still, and `.go` lets it go.
 */
const fs = require("node:fs");

const { LIFEBOAT_TEST_HOLD: hold = "", LIFEBOAT_TEST_HOLD_FILE: file = "" } = process.env;
const { existsSync, readFileSync, renameSync, writeFileSync } = fs;
let isOver = false;

fs.renameSync = (from, to) => {
  const matches = !isOver && String(to).endsWith(".json") && new RegExp(hold, "u").test(readFileSync(from, "utf8"));
  renameSync(from, to);
  if (!matches) return;
  isOver = true;
  writeFileSync(`${file}.held`, "");
  while (!existsSync(`${file}.go`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
};
