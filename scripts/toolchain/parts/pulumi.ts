import type { Part, Platform } from "./part";

export const pulumiVersion = "3.258.0";

/**
 * The `pulumi` command. 3.258.0 is the newest version that the Go module proxy has, and the oldest that the npm package
 * @pulumi/pulumi of this project works with.
 */
export const pulumi: Part = {
  name: "pulumi",
  version: pulumiVersion,
  kind: "tool",
  executable: "pulumi",
  installed: { on: "path" },
  official: (platform) => pulumiRelease(platform, "pulumi"),
  upstream: {
    module: "pulumi",
    goPackage: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${pulumiVersion}` },
  },
  versionCheck: { arguments: ["version"], output: `v${pulumiVersion}` },
};

/** The archive that brings the command together with the language hosts. */
export function pulumiRelease({ system, architecture }: Platform, program: string) {
  return {
    folder: `https://github.com/pulumi/pulumi/releases/download/v${pulumiVersion}`,
    archive: `pulumi-v${pulumiVersion}-${system}-${architecture}.tar.gz`,
    checksums: `pulumi-${pulumiVersion}-checksums.txt`,
    member: `pulumi/${program}`,
  };
}
