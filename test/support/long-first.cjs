// jest's order of test files. Where it has measured nothing yet, as in a fresh clone, it begins with the largest files; the ones
// that take longest are tables of kills, which are short: begun last, one of them would run alone for a minute.
const { createRequire } = require("node:module");

const { default: Sequencer } = createRequire(require.resolve("jest"))("@jest/test-sequencer");

const isLong = ({ path }) => path.includes("/test/commands/kill/");

module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
