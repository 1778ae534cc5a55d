import type { User } from "../../../../proxmox/api/answers";
import { exporterUser } from "../../../../proxmox/rules/exporter-privileges";
import { exporterTokenName } from "../../../../site/monitoring/exporter-token-name";
import { apiTokenType, exporterTokenKind } from "../../../../site/resources";
import type { PulumiCli, Watch } from "../../../clients/pulumi-cli/pulumi-cli";
import { unless } from "../guest/inspect-present";

/** Who can be asked about API users. */
interface Users {
  user(userid: string): Promise<User>;
}

/**
 * Has Pulumi forget tokens of the exporter that are gone, as on a node that was installed anew: the provider fails to read one that is
 * not there, so that nothing could be refreshed. `up` makes them again.
 *
 * @param recorded URNs of the state
 * @returns URNs that were forgotten
 * @throws ProxmoxError when its user cannot be looked at: then nothing is known of its tokens
 */
export async function forgetLostTokens(
  users: Users,
  recorded: readonly string[],
  cli: Pick<PulumiCli, "forget">,
  watch: Watch,
): Promise<readonly string[]> {
  const known = recorded.flatMap((urn) => tokenOf(urn) ?? []);
  if (known.length === 0) return [];
  // Without the user there is none of its tokens.
  const there = (await unless(["gone"], users.user(exporterUser)))?.tokens ?? [];
  const lost = known.filter(({ token }) => !there.includes(token)).map(({ urn }) => urn);
  if (lost.length > 0) await cli.forget(lost, watch);
  return lost;
}

/** The token that the program makes under a URN. */
function tokenOf(urn: string): { readonly urn: string; readonly token: string } | undefined {
  const [place = "", project = "", type = "", name = ""] = urn.split("::");
  const stack = place.slice("urn:pulumi:".length);
  const number = /^exporter-([1-9]\d{0,3})-/u.exec(name)?.[1];
  if (type !== `${exporterTokenKind.component}$${apiTokenType}` || number === undefined) return undefined;
  return { urn, token: exporterTokenName(project, stack, Number(number)) };
}
