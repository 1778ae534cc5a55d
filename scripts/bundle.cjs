// Makes dist/lifeboat.cjs: the command line as one file that needs nothing but Node. `node scripts/bundle.cjs [FILE]`
/* oxlint-disable no-underscore-dangle -- Node's own name for it */
const { chmodSync } = require("node:fs");
const { deflateRawSync } = require("node:zlib");
const { build, buildSync } = require("esbuild");

const options = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
};

// A megabyte that few commands use. Node would parse it at each start, for a fifth of the time that the start takes; as packed text
// it costs nothing until somebody asks for it.
const seldomUsed = /^(?:@aws-sdk\/client-s3|@peculiar\/x509)$/;

const packing = {
  name: "packing",
  setup(context) {
    context.onResolve({ filter: seldomUsed }, ({ path }) => ({ path, namespace: "packed" }));
    context.onLoad({ filter: /.*/, namespace: "packed" }, ({ path }) => ({ contents: packedModule(path) }));
  },
};

function packedModule(name) {
  const stdin = { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: __dirname };
  const [{ contents }] = buildSync({ ...options, write: false, stdin }).outputFiles;
  const text = deflateRawSync(contents, { level: 9 }).toString("base64");
  return `
const Module = require("node:module");
const source = require("node:zlib").inflateRawSync(Buffer.from("${text}", "base64")).toString();
const packed = new Module(${JSON.stringify(name)});
packed._compile(source, ${JSON.stringify(`${name} (packed)`)});
module.exports = packed.exports;`;
}

async function main(outfile) {
  const entryPoints = [require.resolve("./lifeboat.ts")];
  await build({ ...options, entryPoints, outfile, banner: { js: "#!/usr/bin/env node" }, plugins: [packing] });
  chmodSync(outfile, 0o755);
}

main(process.argv[2] ?? require.resolve("../package.json").replace("package.json", "dist/lifeboat.cjs"));
