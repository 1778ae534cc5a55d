// Command generate writes schema.json, which the plugin embeds:
//
//	generate schema --skip-docs --out DIRECTORY
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"

	"lifeboat/toolchain/minio/provider"
)

func main() {
	tfgen.Main(provider.Package, provider.Version, provider.New())
}
