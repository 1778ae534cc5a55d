// Package provider describes how the Terraform provider for Proxmox VE is seen by Pulumi, with the names that the npm
// package @muhlba91/pulumi-proxmoxve uses. The official plugin is another program around the same two libraries.
package provider

import (
	"context"
	"strings"

	"github.com/bpg/terraform-provider-proxmox/fwprovider"
	sdkprovider "github.com/bpg/terraform-provider-proxmox/proxmoxtf/provider"
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
	Package = "proxmoxve"

	repository = "https://github.com/muhlba91/pulumi-proxmoxve"

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

// namedByBridge are the resources whose identifier has, in the npm package, the name that the bridge invents for it.
var namedByBridge = map[string]bool{"proxmox_sdn_controller_evpn": true}

// renameIdentifiers goes before the tokens: the bridge would invent names of its own for what has none by then.
func renameIdentifiers(description *tfbridge.ProviderInfo) {
	description.P.ResourcesMap().Range(func(terraformName string, element shim.Resource) bool {
		identifier, found := element.Schema().GetOk(identifierAttribute)
		if found && (identifier.Required() || identifier.Optional()) && !namedByBridge[terraformName] {
			field := &info.Schema{Name: identifierProperty}
			if identifier.Type() != shim.TypeString {
				field.Type = "string"
			}
			description.Resources[terraformName] = &info.Resource{
				Fields:    map[string]*info.Schema{identifierAttribute: field},
				ComputeID: tfbridge.DelegateIDField(identifierProperty, Package, repository),
			}
		}
		return true
	})
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
