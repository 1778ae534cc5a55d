// What `pulumi` runs: the program as one file, so that a preview does not transform and look up a hundred sources each
// time.
const built = require("./build.cjs").builtProgram();
// Pulumi's runner has every stack trace mapped back to sources, and Pulumi takes one for each promise: with a hundred guests
// a quarter of a preview's time, for a program that has no source map.
Error.prepareStackTrace = undefined;
require("./load-pulumi.cjs");
module.exports = require(built);
