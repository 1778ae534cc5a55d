// Command generate writes schema.json and bridge-metadata.json, which the plugin embeds:
//
//	generate schema --skip-docs --out DIRECTORY
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"

	"lifeboat/toolchain/aws/provider"
)

func main() {
	tfgen.MainWithMuxer(provider.Package, provider.New(nil))
}
