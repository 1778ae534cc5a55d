// jest's environment of all tests: Node's, and no storage of asynchronous context outlives the file that used it. Each one that
// is still enabled is handed from promise to promise for the rest of the worker's life, at a cost for each.
const { AsyncLocalStorage } = require("node:async_hooks");
const { TestEnvironment } = require("jest-environment-node");
const { beginAgain } = require("./made-keys.cjs");

const used = new Set();

for (const method of ["run", "enterWith"]) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function record(...words) {
    used.add(this);
    return Reflect.apply(original, this, words);
  };
}

module.exports = class extends TestEnvironment {
  async setup() {
    beginAgain();
    await super.setup();
  }

  async teardown() {
    for (const storage of used) storage.disable();
    used.clear();
    await super.teardown();
  }
};
