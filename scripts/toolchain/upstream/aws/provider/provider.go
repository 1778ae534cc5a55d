// Package provider describes how a part of the Terraform provider for AWS is seen by Pulumi, with the names that the npm package
// @pulumi/aws uses: S3, and what its resources need. The official plugin is another program around the same libraries.
package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-provider-aws/xpprovider"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	sdktokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	// Package is the name under which programs and the engine know the plugin.
	Package = "aws"

	prefix = "aws_"

	maximumAutomaticNameLength = 255
)

// Version of the plugin. The linker sets it from the pin of the toolchain's part.
var Version = ""

// otherNames are the resources that the npm package calls otherwise than by the rule.
var otherNames = map[string]string{
	"aws_s3_object":                           "BucketObjectv2",
	"aws_s3_bucket_replication_configuration": "BucketReplicationConfig",
	"aws_s3_bucket_analytics_configuration":   "AnalyticsConfiguration",
	"aws_s3_bucket_inventory":                 "Inventory",
	"aws_iam_openid_connect_provider":         "OpenIdConnectProvider",
	"aws_iam_user_ssh_key":                    "SshKey",
}

// New describes the bridged provider. metadata is the content of bridge-metadata.json: empty while it is generated.
func New(metadata []byte) tfbridge.ProviderInfo {
	ctx := context.Background()
	framework, sdk, err := xpprovider.GetProvider(ctx)
	if err != nil {
		panic(err)
	}
	description := tfbridge.ProviderInfo{
		P: pf.MuxShimWithPF(ctx, shimv2.NewProvider(
			sdk,
			shimv2.WithDiffStrategy(shimv2.PlanState),
			shimv2.WithPlanResourceChange(func(string) bool { return true }),
		), framework),
		Name:         Package,
		GitHubOrg:    "hashicorp",
		License:      "Apache-2.0",
		Version:      Version,
		Resources:    map[string]*info.Resource{},
		MetadataInfo: tfbridge.NewProviderMetadata(metadata),
		// Functions of Terraform's language: programs have their own.
		IgnoreMappings: []string{"arn_build", "arn_parse", "trim_iam_role_path", "user_agent"},
	}
	keepTagsComputed(&description)
	description.MustComputeTokens(tfbridge.Strategy{Resource: nameResource, DataSource: nameDataSource})
	description.SetAutonaming(maximumAutomaticNameLength, "-")
	return description
}

// keepTagsComputed: what a provider adds to all tags is never an argument of the npm package.
func keepTagsComputed(description *tfbridge.ProviderInfo) {
	description.P.ResourcesMap().Range(func(terraformName string, element shim.Resource) bool {
		if _, found := element.Schema().GetOk("tags_all"); found {
			description.Resources[terraformName] = &info.Resource{
				Fields: map[string]*info.Schema{"tags_all": {MarkAsComputedOnly: tfbridge.True()}},
			}
		}
		return true
	})
}

func nameResource(terraformName string, element *info.Resource) error {
	module, name := pulumiName(terraformName)
	if other, found := otherNames[terraformName]; found {
		name = other
	}
	token, err := tokens.MakeStandard(Package)(module, name)
	element.Tok = sdktokens.Type(token)
	return err
}

func nameDataSource(terraformName string, element *info.DataSource) error {
	module, name := pulumiName(terraformName)
	token, err := tokens.MakeStandard(Package)(module, "get"+name)
	element.Tok = sdktokens.ModuleMember(token)
	return err
}

// pulumiName turns aws_s3_a_b into module s3 and name AB, and aws_arn into module index and name Arn.
func pulumiName(terraformName string) (module, name string) {
	module, rest, found := strings.Cut(strings.TrimPrefix(terraformName, prefix), "_")
	if !found {
		module, rest = "index", module
	}
	for _, word := range strings.Split(rest, "_") {
		if word != "" {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return module, name
}
