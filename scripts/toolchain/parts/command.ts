import type { Part } from "./part";
import { pluginArchive, pluginTrial, type PluginName } from "./plugin-release";

const plugin: PluginName = { name: "command", version: "1.2.1" };

/** Commands here and over SSH as resources. The Go module proxy has it at no version. */
export const command: Part = {
  ...plugin,
  kind: "plugin",
  executable: "pulumi-resource-command",
  installed: { on: "plugin folder" },
  trial: pluginTrial,
  official: (platform) => pluginArchive(platform, plugin, "https://github.com/pulumi/pulumi-command"),
  standIn: { entryPoint: "command/main.ts" },
};
