// jest's environment of the tests of commands: that of all tests, and the kit, which a worker loads once and not for each file.
const Environment = require("../../../support/environment.cjs");
const { kit } = require("./build.cjs");

module.exports = class extends Environment {
  async setup() {
    await super.setup();
    this.global.lifeboatTestKit = require(kit);
  }
};
