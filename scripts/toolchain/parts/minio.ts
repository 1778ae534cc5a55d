import { pluginArchive, pluginTrial, type PluginName } from "./plugin-release";
import type { Part } from "./part";

const plugin: PluginName = { name: "minio", version: "0.17.1" };

/**
 * The provider for buckets, policies and users of a MinIO server. The module proxy does not have its own Go module, but
 * the two libraries that it is made of: upstream/minio puts them together with the same names.
 */
export const minio: Part = {
  ...plugin,
  kind: "plugin",
  executable: "pulumi-resource-minio",
  installed: { on: "plugin folder" },
  trial: pluginTrial,
  official: (platform) => pluginArchive(platform, plugin, "https://github.com/pulumi/pulumi-minio"),
  upstream: {
    module: "minio",
    goPackage: "./plugin",
    variables: { "lifeboat/toolchain/minio/provider.Version": plugin.version },
    generator: { goPackage: "./generate", arguments: ["schema", "--skip-docs", "--out", "plugin"] },
  },
  versionCheck: { arguments: ["--version"], output: plugin.version },
};
