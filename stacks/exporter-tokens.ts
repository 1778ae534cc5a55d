import * as pulumi from "@pulumi/pulumi";
import { ExporterToken } from "../components/monitoring/exporter-token";
import { exporterTokenName } from "../site/monitoring/exporter-token-name";
import { exporterTokenOutput, exporterTokenResource } from "../site/resources";
import type { Environment } from "../site/settings/environment";
import type { StackOutputs } from "./program";

/**
 * Declares a token for each number in the settings. The highest is given out: the others stay until nobody uses them any more.
 *
 * @returns the token as a secret output; nothing where the settings ask for none
 */
export function declareExporterTokens(
  { name, exporterTokens }: Environment,
  provider: pulumi.ProviderResource,
): StackOutputs {
  const tokens = exporterTokens.map((number) => {
    const args = { tokenName: exporterTokenName(pulumi.getProject(), name, number), environment: name };
    return new ExporterToken(exporterTokenResource(number), args, { provider });
  });
  const inUse = tokens.at(-1);
  return inUse === undefined ? {} : { [exporterTokenOutput]: inUse.token };
}
