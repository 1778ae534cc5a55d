import path from "node:path";

/** File beside a plugin that this toolchain put into a PULUMI_HOME: it tells the plugin's origin. */
export const originFile = "lifeboat-origin.json";

/** Where Pulumi's engine looks for a resource plugin of one exact version. */
export function pluginFolder(pulumiHome: string, plugin: { name: string; version: string }): string {
  return path.join(pulumiHome, "plugins", `resource-${plugin.name}-v${plugin.version}`);
}
