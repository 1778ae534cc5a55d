import type { Platform, Release } from "./part";

export interface PluginName {
  readonly name: string;
  readonly version: string;
}

/** What tries a plugin: it is given its name and its path. It knows the emulated site, and the toolchain does not. */
export const pluginTrial = "test/trials/main.ts";

/** The release of a plugin as goreleaser names it, which is how all plugins of this project are published. */
export function pluginArchive(
  { system, architecture }: Platform,
  { name, version }: PluginName,
  repository: string,
): Release {
  // Plugins have Go's name of the architecture, the command's own archive has Node's.
  const goArchitecture = architecture === "x64" ? "amd64" : architecture;
  return {
    folder: `${repository}/releases/download/v${version}`,
    archive: `pulumi-resource-${name}-v${version}-${system}-${goArchitecture}.tar.gz`,
    checksums: `pulumi-${name}_${version}_checksums.txt`,
    member: `pulumi-resource-${name}`,
  };
}
