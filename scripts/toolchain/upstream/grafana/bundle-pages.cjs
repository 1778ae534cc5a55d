// Bundles Grafana's pages, in the folder of its source: `node -r ./.pnp.cjs bundle-pages.cjs`. Through webpack's own interface: its
// command fails under Plug'n'Play on Node 20.
const { writeFileSync } = require("node:fs");
const { resolve } = require("node:path");
// oxlint-disable-next-line no-require-imports -- one of the packages that the source brings
const webpack = require("webpack");

const config = require(resolve("scripts/webpack/webpack.prod.js"))({ noMinify: 1 });
const nothing = resolve("nothing.cjs");
writeFileSync(nothing, "module.exports = { drops: [] };\n");

config.devtool = false;
config.cache = false;
// It brings the files of an editor of queries, which no picture shows.
config.plugins = config.plugins.filter((plugin) => plugin.constructor.name !== "CopyPlugin");
// The archive of a Go module leaves out every folder of this name; and two packages are not from a registry of packages. Old panels and
// the export of spreadsheets need them.
config.plugins.push(new webpack.NormalModuleReplacementPlugin(/^(?:vendor\/.+|tether-drop|xlsx)$/, nothing));

webpack(config, (error, stats) => {
  if (error) throw error;
  process.stdout.write(`${stats.toString({ all: false, errors: true })}\n`);
  process.exitCode = stats.hasErrors() ? 1 : 0;
});
