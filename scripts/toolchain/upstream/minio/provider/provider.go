// Package provider describes how the Terraform provider for MinIO is seen by Pulumi, with the names that the npm package
// @pulumi/minio uses. The official plugin is another program around the same two libraries.
package provider

import (
	"github.com/aminueza/terraform-provider-minio/v2/minio"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

const (
	// Package is the name under which programs and the engine know the plugin.
	Package = "minio"

	maximumAutomaticNameLength = 255
)

// Version of the plugin. The linker sets it from the pin of the toolchain's part.
var Version = ""

// New describes the bridged provider.
func New() tfbridge.ProviderInfo {
	description := tfbridge.ProviderInfo{
		P:         shimv2.NewProvider(minio.Provider()),
		Name:      Package,
		GitHubOrg: "aminueza",
		License:   "Apache-2.0",
		Version:   Version,
		Resources: map[string]*info.Resource{
			// Terraform has an integer here, which the npm package declares as a number.
			"minio_s3_bucket": {Fields: map[string]*info.Schema{"quota": {Type: "number"}}},
		},
	}
	description.MustComputeTokens(tokens.SingleModule("minio_", "index", tokens.MakeStandard(Package)))
	description.SetAutonaming(maximumAutomaticNameLength, "-")
	return description
}
