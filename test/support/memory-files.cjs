// Temporary files of tests lie in memory where the machine has a file system for that. They are written
// and renamed by the thousand, which a disk is asked to keep each time.
const { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } = require("node:fs");
const { join } = require("node:path");

const place = "/dev/shm";
const prefix = "lifeboat-tests-";
/** Bytes that have to be free. */
const enough = 1024 ** 3;

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** What a run left that was killed. */
function sweep() {
  for (const name of readdirSync(place).filter((entry) => entry.startsWith(prefix))) {
    if (!isRunning(Number(name.slice(prefix.length)))) rmSync(join(place, name), { recursive: true, force: true });
  }
}

module.exports = async () => {
  if (process.env.TMPDIR !== undefined || !existsSync(place)) return;
  sweep();
  const { bavail, bsize } = statfsSync(place);
  if (bavail * bsize < enough) return;
  const folder = join(place, `${prefix}${process.pid}`);
  mkdirSync(folder, { mode: 0o700 });
  process.env.TMPDIR = folder;
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
};
