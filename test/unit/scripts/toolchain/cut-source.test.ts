import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { aws } from "../../../../scripts/toolchain/parts/aws";
import { cutSource } from "../../../../scripts/toolchain/ways/cut-source";
import { removeScratchFolders, scratchFolder } from "./scratch";

afterEach(removeScratchFolders);

const cut = { ...aws.upstream?.cut, services: ["s3"], clients: ["S3"] } as NonNullable<
  NonNullable<typeof aws.upstream>["cut"]
>;

const packages = `package sdkv2

import (
	"context"

	"github.com/hashicorp/terraform-provider-aws/internal/conns"
	"github.com/hashicorp/terraform-provider-aws/internal/service/glacier"
	"github.com/hashicorp/terraform-provider-aws/internal/service/s3"
)

func servicePackages(ctx context.Context) []conns.ServicePackage {
	v := []conns.ServicePackage{
		glacier.ServicePackage(ctx),
		s3.ServicePackage(ctx),
	}
	return v
}
`;

const clients = `package conns

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/glacier"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/terraform-provider-aws/names"
)

func (c *AWSClient) ELBV2Client(ctx context.Context) *elbv2.Client {
	return errs.Must(client[*elbv2.Client](ctx, c, names.ELBV2, make(map[string]any)))
}

func (c *AWSClient) GlacierClient(ctx context.Context) *glacier.Client {
	return errs.Must(client[*glacier.Client](ctx, c, names.Glacier, make(map[string]any)))
}

func (c *AWSClient) S3Client(ctx context.Context) *s3.Client {
	return errs.Must(client[*s3.Client](ctx, c, names.S3, make(map[string]any)))
}
`;

/** A source of three services, as the provider's is laid out. */
function source(other: Readonly<Record<string, string>> = {}): string {
  const folder = scratchFolder();
  const files = {
    "go.mod": "module it",
    "names/names.go": "",
    "version/version.go": "",
    "xpprovider/provider.go": "",
    "internal/embed.go": "package internal",
    "internal/acctest/helper.go": "",
    "internal/generate/main.go": "",
    "internal/flex/flex.go": "",
    "internal/flex/flex_test.go": "",
    "internal/conns/awsclient_gen.go": clients,
    "internal/provider/sdkv2/service_packages_gen.go": packages,
    "internal/service/smarterr.hcl": "",
    "internal/service/cloudtrail/smarterr.hcl": "",
    "internal/service/cloudtrail/trail.go": "",
    "internal/service/glacier/vault.go": "",
    "internal/service/s3/bucket.go": "",
    "internal/service/s3/bucket_test.go": "",
    "internal/service/s3/testdata/tags.tf": "",
    ...other,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

function cutFrom(other?: Readonly<Record<string, string>>) {
  const target = path.join(scratchFolder(), "upstream");
  cutSource(source(other), target, cut);
  return {
    has: (name: string) => existsSync(path.join(target, name)),
    text: (name: string) => readFileSync(path.join(target, name), "utf8"),
  };
}

test("only the services that are kept are compiled, and nothing is left that names another [N7]", () => {
  const { has, text } = cutFrom();
  expect(text("internal/provider/sdkv2/service_packages_gen.go")).toBe(packages.replaceAll(/^.*glacier.*\n/gmu, ""));
  const client = text("internal/conns/awsclient_gen.go");
  expect(client.match(/Client\) \w+Client/gu)).toEqual(["Client) S3Client"]);
  expect(client).not.toMatch(/glacier|elbv2/u);
  expect(client).toContain("service/s3");
  expect(has("internal/service/s3/bucket.go")).toBe(true);
  expect(has("internal/service/glacier")).toBe(false);
});

test("what it embeds is there, and neither tests nor what writes its source", () => {
  const { has } = cutFrom();
  for (const name of ["internal/embed.go", "internal/service/smarterr.hcl", "internal/service/cloudtrail/smarterr.hcl"])
    expect([name, has(name)]).toEqual([name, true]);
  for (const name of [
    "internal/acctest",
    "internal/generate",
    "internal/flex/flex_test.go",
    "internal/service/s3/bucket_test.go",
    "internal/service/s3/testdata",
    "internal/service/cloudtrail/trail.go",
  ])
    expect([name, has(name)]).toEqual([name, false]);
});

test.each([
  [
    "internal/provider/sdkv2/service_packages_gen.go",
    packages.replaceAll("s3.ServicePackage(ctx)", "s3.New(ctx)").replace(/^.*service\/s3"\n/mu, ""),
    "package s3",
  ],
  ["internal/conns/awsclient_gen.go", clients.replace("S3Client(", "S3("), "client S3"],
])("a list in another form than it had is refused, and not left as it is (%s) [N7]", (name, text, missing) => {
  expect(() => cutFrom({ [name]: text })).toThrow(`its source has no ${missing}`);
});
