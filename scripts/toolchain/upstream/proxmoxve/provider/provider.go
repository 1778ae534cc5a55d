// Package provider describes how the Terraform provider for Proxmox VE is seen by Pulumi, with the names that the npm
// package @muhlba91/pulumi-proxmoxve uses. The official plugin is another program around the same two libraries.
package provider

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bpg/terraform-provider-proxmox/fwprovider"
	sdkprovider "github.com/bpg/terraform-provider-proxmox/proxmoxtf/provider"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	sdktokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	// Package is the name under which programs and the engine know the plugin.
	Package = "proxmoxve"

	prefix       = "proxmox_"
	legacyPrefix = "proxmox_virtual_environment_"

	// Pulumi keeps "id" for itself; the npm package calls an attribute of this name "resourceId".
	identifierAttribute = "id"
	identifierProperty  = "resourceId"

	maximumAutomaticNameLength = 255
)

// Version of the plugin. The linker sets it from the pin of the toolchain's part.
var Version = ""

// New describes the bridged provider. metadata is the content of bridge-metadata.json: empty while it is generated.
func New(metadata []byte) tfbridge.ProviderInfo {
	description := tfbridge.ProviderInfo{
		P: pf.MuxShimWithPF(
			context.Background(),
			shimv2.NewProvider(sdkprovider.ProxmoxVirtualEnvironment()),
			fwprovider.New(Version)(),
		),
		Name:         "proxmox",
		GitHubOrg:    "bpg",
		License:      "Apache-2.0",
		Version:      Version,
		Resources:    map[string]*info.Resource{},
		MetadataInfo: tfbridge.NewProviderMetadata(metadata),
	}
	renameIdentifiers(&description)
	description.MustComputeTokens(tfbridge.Strategy{Resource: nameResource, DataSource: nameDataSource})
	description.SetAutonaming(maximumAutomaticNameLength, "-")
	return description
}

// renameIdentifiers goes before the tokens: the bridge would invent names of its own for what has none by then.
func renameIdentifiers(description *tfbridge.ProviderInfo) {
	description.P.ResourcesMap().Range(func(terraformName string, element shim.Resource) bool {
		identifier, found := element.Schema().GetOk(identifierAttribute)
		if found && (identifier.Required() || identifier.Optional()) {
			description.Resources[terraformName] = &info.Resource{
				Fields:    map[string]*info.Schema{identifierAttribute: {Name: identifierProperty}},
				ComputeID: computeIdentifier,
			}
		}
		return true
	})
}

func computeIdentifier(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
	value := state[identifierProperty]
	switch {
	case value.IsString():
		return resource.ID(value.StringValue()), nil
	case value.IsNumber():
		return resource.ID(strconv.FormatFloat(value.NumberValue(), 'f', -1, 64)), nil
	default:
		return "", fmt.Errorf("the state has no %q to make an id of: found %s", identifierProperty, value.TypeString())
	}
}

func nameResource(terraformName string, element *info.Resource) error {
	module, name := pulumiName(terraformName)
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

// pulumiName turns proxmox_a_b_c into module a/b and name C, and proxmox_c into module index and name C. Names with the
// prefix of earlier releases get the suffix Legacy: both generations exist side by side.
func pulumiName(terraformName string) (module, name string) {
	words := strings.TrimPrefix(terraformName, prefix)
	suffix := ""
	if modern, legacy := strings.CutPrefix(terraformName, legacyPrefix); legacy {
		words, suffix = modern, "Legacy"
	}
	module = "index"
	last := words
	if end := strings.LastIndex(words, "_"); end >= 0 {
		module, last = strings.ReplaceAll(words[:end], "_", "/"), words[end+1:]
	}
	return module, strings.ToUpper(last[:1]) + last[1:] + suffix
}
