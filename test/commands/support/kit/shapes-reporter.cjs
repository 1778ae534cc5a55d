// jest reporter: of a run of all tests of commands, which declared shapes of JSON none of them has seen. Each run of a
// command notes the shape that its result fits (`test/commands/support/kit/check-shapes.ts`).
const { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

module.exports = class ShapesReporter {
  #folder;
  #error;

  constructor({ testNamePattern, rootDir }) {
    this.#folder = testNamePattern ? undefined : join(rootDir, "test/commands");
  }

  onRunStart() {
    if (process.env.LIFEBOAT_SEEN_SHAPES === undefined) {
      this.scratch = mkdtempSync(join(tmpdir(), "lifeboat-shapes-"));
      process.env.LIFEBOAT_SEEN_SHAPES = join(this.scratch, "seen");
    }
  }

  async onRunComplete(_contexts, { testResults, wasInterrupted }) {
    const file = process.env.LIFEBOAT_SEEN_SHAPES;
    const seen = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
    if (this.scratch !== undefined) rmSync(this.scratch, { recursive: true, force: true });
    if (wasInterrupted || !this.#ranAll(testResults)) return;
    const { declaredShapes, notShown } = require(require("./build.cjs").kit);
    const shapes = await declaredShapes();
    // What a dry run of something half done prints is one shape for all.
    const shown = new Set([...shapes].flatMap(([name, shape]) => (seen.has(name) ? [shape] : [])));
    const unseen = [...shapes].filter(([name, shape]) => !shown.has(shape) && !notShown.includes(name));
    if (unseen.length > 0) {
      const names = unseen.map(([name]) => name).join("; ");
      this.#error = `No test of a command has printed these shapes: ${names}`;
    }
    if (this.#error !== undefined) process.stderr.write(`${this.#error}\n`);
  }

  /** What jest ends with: an error of a reporter fails the run. */
  getLastError() {
    return this.#error === undefined ? undefined : new Error(this.#error);
  }

  #ranAll(testResults) {
    if (this.#folder === undefined) return false;
    const ran = new Set(testResults.filter(({ skipped }) => !skipped).map(({ testFilePath }) => testFilePath));
    const files = readdirSync(this.#folder, { recursive: true }).filter((name) => name.endsWith(".test.ts"));
    return files.every((name) => ran.has(join(this.#folder, name)));
  }
};
