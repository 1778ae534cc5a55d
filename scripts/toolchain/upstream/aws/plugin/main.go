// Command plugin is pulumi-resource-aws. The two files that it embeds come from the command generate.
package main

import (
	"context"
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"lifeboat/toolchain/aws/provider"
)

var (
	//go:embed schema.json
	schema []byte
	//go:embed bridge-metadata.json
	metadata []byte
)

func main() {
	tfbridge.MainWithMuxer(context.Background(), provider.Package, provider.New(metadata), schema)
}
