// jest's order of test files. Where it has measured nothing yet, as in a fresh clone, it begins with the largest files; the ones
// that take longest are short: tables of kills, and rehearsals whose parts lie in a folder of their name. Begun last, one of them would
// run alone.
const { existsSync } = require("node:fs");
const { createRequire } = require("node:module");

const { default: Sequencer } = createRequire(require.resolve("jest"))("@jest/test-sequencer");

const isLong = ({ path }) =>
  path.includes("/test/commands/kill/") ||
  (path.includes("/test/rehearsal/") && existsSync(path.slice(0, -".test.ts".length)));

module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
