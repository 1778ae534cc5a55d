// Command plugin is pulumi-resource-minio. The schema that it embeds comes from the command generate.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

	"lifeboat/toolchain/minio/provider"
)

var (
	//go:embed schema.json
	schema []byte
)

func main() {
	tfbridge.Main(provider.Package, provider.Version, provider.New(), schema)
}
