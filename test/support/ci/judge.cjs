// What a stage counts for.

/** Whether a skipped test is one that this machine cannot run: its file is named, or lies in a folder that is (`…/`). */
function reasonFor({ file }, expectedSkips) {
  const isNamed = (expected) => (expected.file.endsWith("/") ? file.startsWith(expected.file) : file === expected.file);
  return expectedSkips.find((expected) => isNamed(expected) && expected.where())?.reason;
}

/** Why a stage has failed that says of no test that it failed; undefined when it has not. */
function problemOf({ reports, minutes }, { status, timedOut }, report) {
  if (timedOut) return `not done after ${minutes} minutes`;
  if (reports && !report?.complete) return `ended with ${status ?? "a signal"} before it reported all its tests`;
  if (status !== 0 && !report?.failed) return `ended with ${status ?? "a signal"}`;
  const ran = reports ? report.passed + report.failed + report.skipped.length : 1;
  return ran === 0 ? "ran no test" : undefined;
}

/**
 * A stage without a report of its own counts as one test; a stage with one counts what it says. A skipped test that
 * nothing explains is a failed one, and so is a stage that ends badly although all its tests passed.
 *
 * @param report what the stage wrote (test/support/count-reporter.cjs), or undefined
 */
function judge(stage, ended, report, expectedSkips) {
  const problem = problemOf(stage, ended, report);
  const skipped = (report?.skipped ?? []).map((test) => ({ ...test, reason: reasonFor(test, expectedSkips) }));
  const unexplained = skipped.filter(({ reason }) => reason === undefined);
  const good = stage.reports ? (report?.passed ?? 0) : Number(problem === undefined);
  return {
    passed: good,
    failed: (report?.failed ?? 0) + Number(problem !== undefined) + unexplained.length,
    expected: skipped.filter(({ reason }) => reason !== undefined),
    unexplained,
    problem,
  };
}

module.exports = { judge };
