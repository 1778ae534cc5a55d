// jest reporter: adds up what ran into the file that LIFEBOAT_TEST_REPORT names, for `.ci/run`. Does nothing without it.
const { writeFileSync } = require("node:fs");

module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.LIFEBOAT_TEST_REPORT;
    if (!file) return;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    writeFileSync(file, JSON.stringify({ passed: results.numPassedTests, failed, skipped: results.numPendingTests }));
  }
};
