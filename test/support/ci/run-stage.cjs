// Runs the command of one stage for as long as it may take.
const { spawn } = require("node:child_process");

const INTERRUPTIONS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Sends a signal to every process of a group. False when none is left. */
function signalGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}

async function endGroup(leader, grace) {
  const until = Date.now() + grace;
  signalGroup(leader, "SIGTERM");
  while (Date.now() < until && signalGroup(leader, 0)) await new Promise((next) => setTimeout(next, 50));
  signalGroup(leader, "SIGKILL");
}

/**
 * Runs a command in a process group of its own. The whole group is ended when its time is over, or when this program is
 * asked to end.
 *
 * @param {number} grace milliseconds between asking its processes to end and ending them
 * @param {string} report file in which the command says which tests it ran
 * @returns {Promise<{ status: number | null, timedOut: boolean, seconds: number }>} status is null when the command could
 *   not be started, or was ended by a signal
 */
function runStage({ command: [program, ...words], minutes }, grace, report) {
  const started = performance.now();
  const child = spawn(program, words, {
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, LIFEBOAT_TEST_REPORT: report },
  });
  return new Promise((resolve) => {
    let ending;
    let isInterrupted = false;
    const timer = setTimeout(() => (ending = endGroup(child.pid, grace)), minutes * 60_000);
    const interrupted = (signal) => {
      isInterrupted = true;
      void endGroup(child.pid, grace).then(() => process.exit(signal === "SIGINT" ? 130 : 143));
    };
    for (const signal of INTERRUPTIONS) process.once(signal, interrupted);
    const end = async (status) => {
      clearTimeout(timer);
      if (isInterrupted) return;
      await ending;
      for (const signal of INTERRUPTIONS) process.removeListener(signal, interrupted);
      resolve({ status, timedOut: ending !== undefined, seconds: (performance.now() - started) / 1000 });
    };
    child.on("error", (failure) => {
      process.stderr.write(`Unable to run ${program}: ${failure.message}\n`);
      void end(null);
    });
    child.on("exit", (status) => void end(status));
  });
}

module.exports = { runStage };
