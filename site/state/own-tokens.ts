import { exporterUser } from "../../proxmox/rules/exporter-privileges";
import { exporterTokenName } from "../monitoring/exporter-token-name";
import { exporterTokenKind, exporterTokenResource } from "../resources";
import type { StateResource } from "./checkpoint";

/**
 * Why an API token in a state is none that the stack makes. By its URN alone: one whose number has left the settings is the
 * stack's own, and an update deletes it. With another name in it that update would delete somebody else's token.
 *
 * @param name in its URN
 */
export function whyOtherToken({ urn, id, inputs, outputs }: StateResource, name: string): string | undefined {
  const [, digits = ""] = /^\D*([1-9]\d{0,3})\D*$/u.exec(name) ?? [];
  const number = Number(digits);
  if (exporterTokenKind.child(exporterTokenResource(number)) !== name) return "the program makes nothing of this name";
  const [place = "", project = ""] = urn.split("::");
  const own = `${exporterUser}!${exporterTokenName(project, place.slice("urn:pulumi:".length), number)}`;
  const named = [inputs, outputs].flatMap((held) => (held == null ? [] : [fullName(held)]));
  const found = [...new Set([...(id == null || id === "" ? [] : [id]), ...named])];
  if (found.every((one) => one === own)) return undefined;
  return `it names token ${found.join(", ")}, and the program makes ${own} here`;
}

function fullName(held: Readonly<Record<string, unknown>>): string {
  const [user, token] = [held["userId"], held["tokenName"]];
  return typeof user === "string" && typeof token === "string" ? `${user}!${token}` : "(something that is no name)";
}
