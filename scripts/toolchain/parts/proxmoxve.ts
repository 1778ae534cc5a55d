import { pluginArchive, pluginTrial, type PluginName } from "./plugin-release";
import type { Part } from "./part";

const plugin: PluginName = { name: "proxmoxve", version: "8.6.0" };

/**
 * The provider for Proxmox VE. The module proxy does not have its own Go module, but the two libraries that it is made
 * of: upstream/proxmoxve puts them together with the same names.
 */
export const proxmoxve: Part = {
  ...plugin,
  kind: "plugin",
  executable: "pulumi-resource-proxmoxve",
  installed: { on: "plugin folder" },
  trial: pluginTrial,
  official: (platform) => pluginArchive(platform, plugin, "https://github.com/muhlba91/pulumi-proxmoxve"),
  upstream: {
    module: "proxmoxve",
    goPackage: "./plugin",
    variables: { "lifeboat/toolchain/proxmoxve/provider.Version": plugin.version },
    generator: { goPackage: "./generate", arguments: ["schema", "--skip-docs", "--out", "plugin"] },
  },
  versionCheck: { arguments: ["--version"], output: plugin.version },
};
