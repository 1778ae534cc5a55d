// jest's environment of the tests of commands: Node's, and the kit, which a worker loads once and not for each file.
const { TestEnvironment } = require("jest-environment-node");
const { kit } = require("./build.cjs");

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.lifeboatTestKit = require(kit);
  }
};
