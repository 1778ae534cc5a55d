// Loads @pulumi/pulumi without TypeScript and npm's view of node_modules, of which it needs both only to serialise
// functions: a fifth of a preview's time, for something that the program never does. Whoever does gets them then.
/* oxlint-disable no-underscore-dangle -- Node's own name for it */
const Module = require("node:module");

const onlyForFunctions = new Set(["typescript", "@npmcli/arborist"]);

function onFirstUse(load) {
  let loaded;
  // `__importStar` copies what is no ES module, and would so use everything at once.
  const get = (_, key) => (key === "__esModule" ? true : Reflect.get((loaded ??= load()), key));
  return new Proxy({}, { get });
}

const load = Module._load;
Module._load = (request, ...rest) =>
  onlyForFunctions.has(request) ? onFirstUse(() => load(request, ...rest)) : load(request, ...rest);
try {
  module.exports = require("@pulumi/pulumi");
} finally {
  Module._load = load;
}
