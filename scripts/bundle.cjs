// Makes dist/lifeboat.cjs: the command line as one file that needs nothing but Node. `node scripts/bundle.cjs [FILE [SOURCE]]`
/* oxlint-disable no-underscore-dangle -- Node's own name for it */
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { dirname, join, relative, resolve } = require("node:path");
const { deflateRawSync } = require("node:zlib");
const { build, buildSync, transformSync } = require("esbuild");

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
const seldomUsed = /^(?:@aws-sdk\/client-s3|@peculiar\/x509|age-encryption)$/;

// One of our own files stands for many of a library's, which share most of what they bring along.
const standsForMany = /^\.{1,2}\/(?:.+\/)?foundation-sdk$/;

const packing = {
  name: "packing",
  setup(context) {
    context.onResolve({ filter: seldomUsed }, ({ path }) => ({ path, namespace: "packed" }));
    context.onResolve({ filter: standsForMany }, ({ path, resolveDir }) => ({
      path: `./${relative(__dirname, resolve(resolveDir, path))}`,
      namespace: "packed",
    }));
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

/** A file that runs the program from V8's code cache: see start-cached.cjs. */
function startedFromCache(program) {
  // It is read as one byte for each character.
  if (/[^\0-\x7f]/u.test(program)) throw new Error("The bundle has characters beyond ASCII.");
  const { code } = transformSync(readFileSync(require.resolve("./start-cached.cjs"), "utf8"), {
    minifyWhitespace: true,
    minifySyntax: true,
  });
  // A comment is the cheapest that a parser can pass over.
  return `#!/usr/bin/env node\n${code}/*\n${program.replaceAll("*/", "*\u0001/")}\n*/\n`;
}

async function main(outfile, entryPoint) {
  const result = await build({ ...options, entryPoints: [entryPoint], outfile, plugins: [packing], write: false });
  const unfinished = `${outfile}.${process.pid}`;
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(unfinished, startedFromCache(result.outputFiles[0].text), { mode: 0o755 });
  renameSync(unfinished, outfile);
}

const [outfile = join(__dirname, "..", "dist", "lifeboat.cjs"), entryPoint = join(__dirname, "lifeboat.ts")] =
  process.argv.slice(2);
main(outfile, entryPoint);
