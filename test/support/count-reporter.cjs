// jest reporter: writes what ran into the file that LIFEBOAT_TEST_REPORT names, for `.ci/run`; after each test file, so that
// a run that is cut short says how far it came. Does nothing without that variable.
const { renameSync, writeFileSync } = require("node:fs");
const { relative } = require("node:path");

module.exports = class CountReporter {
  #project;
  #files = [];
  #skipped = [];

  constructor({ rootDir }) {
    this.#project = rootDir;
  }

  onTestResult({ path }, { perfStats, testResults }, results) {
    const file = relative(this.#project, path);
    this.#files.push({ file, seconds: perfStats.runtime / 1000 });
    const notRun = testResults.filter(({ status }) => status !== "passed" && status !== "failed");
    this.#skipped.push(...notRun.map(({ fullName }) => ({ file, title: fullName })));
    this.#write(results, false);
  }

  onRunComplete(_contexts, results) {
    this.#write(results, !results.wasInterrupted);
  }

  #write({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites }, complete) {
    const report = process.env.LIFEBOAT_TEST_REPORT;
    if (!report) return;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const text = JSON.stringify({
      complete,
      passed: numPassedTests,
      failed,
      skipped: this.#skipped,
      files: this.#files,
    });
    writeFileSync(`${report}.new`, text);
    renameSync(`${report}.new`, report);
  }
};
