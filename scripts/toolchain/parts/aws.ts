import { pluginArchive, type PluginName } from "./plugin-release";
import type { Part } from "./part";

const plugin: PluginName = { name: "aws", version: "7.48.0" };

/**
 * The provider for S3 elsewhere. Its own Go module is in no public proxy, and neither is the Terraform provider that it wraps; the fork
 * of that which Crossplane uses is, with its licence (MPL-2.0), one minor version behind. `upstream/aws` puts the part for S3, and what S3
 * needs, together with the same names. The source itself is fetched when it is built, and is no part of this project.
 */
export const aws: Part = {
  ...plugin,
  // No part of the toolchain: only programs with a bucket elsewhere need it.
  kind: "artifact",
  executable: "pulumi-resource-aws",
  official: (platform) => pluginArchive(platform, plugin, "https://github.com/pulumi/pulumi-aws"),
  upstream: {
    module: "aws",
    goPackage: "./plugin",
    variables: { "lifeboat/toolchain/aws/provider.Version": plugin.version },
    cut: {
      module: "github.com/upbound/terraform-provider-aws",
      moduleVersion: "v0.0.0-20260305123303-f7691456b787",
      sums: {
        files: "h1:dJlp2eNgY/iVKTPINdguYlHbHc9CtXBZKmQmqYq0REs=",
        goMod: "h1:WOPLTXSK2ZhAuuLIh2EVZ9zWib65hkmw1XLc227hsuQ=",
      },
      services: ["iam", "kms", "s3", "s3control", "sts"],
      clients: ["IAM", "KMS", "S3", "S3Control", "STS"],
    },
    generator: { goPackage: "./generate", arguments: ["schema", "--skip-docs", "--out", "plugin"] },
  },
  versionCheck: { arguments: ["--version"], output: plugin.version },
};
