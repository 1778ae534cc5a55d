// jest transform: esbuild strips types and turns modules into CommonJS. It checks no types: `npm run typecheck` does.
const { createHash } = require("node:crypto");
const esbuild = require("esbuild");

// `import()` becomes a `require` when it is reached: jest runs the real one behind a flag of Node only.
const options = {
  format: "cjs",
  target: "node20",
  sourcemap: "inline",
  supported: { "dynamic-import": false },
};

module.exports = {
  process(source, file) {
    const loader = file.endsWith("ts") ? "ts" : "js";
    return { code: esbuild.transformSync(source, { ...options, loader, sourcefile: file }).code };
  },
  getCacheKey(source, file) {
    const key = [source, file, esbuild.version, JSON.stringify(options)].join("\0");
    return createHash("sha256").update(key).digest("hex");
  },
};
