// jest's `globalSetup`: what tests have of the machine that they run on.
const useMemoryFiles = require("./memory-files.cjs");

module.exports = async () => {
  // Node parses this file at each start, which takes longer than the rest of the start. Tests speak to this machine only.
  delete process.env.NODE_EXTRA_CA_CERTS;
  await useMemoryFiles();
};
