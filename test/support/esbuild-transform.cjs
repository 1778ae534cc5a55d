// jest transform: esbuild strips types and turns modules into CommonJS. It checks no types: `npm run typecheck` does.
const { createHash } = require("node:crypto");
const esbuild = require("esbuild");

const options = { format: "cjs", target: "node20", sourcemap: "inline" };

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
