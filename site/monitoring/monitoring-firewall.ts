import type { MonitoringSettings, OwnedGuest } from "../settings/environment";
import { acceptPing, acceptTcp, type FirewallRule } from "../guest-firewall";
import { ports } from "./services/places";

/** What may reach the monitoring's guest: Grafana's pages from the named networks where it answers there, SSH, and echo requests. */
export function monitoringRules(
  guest: OwnedGuest,
  { allow, allowSsh }: Pick<MonitoringSettings, "allow" | "allowSsh">,
): FirewallRule[] {
  return [
    ...allow.map((source) => acceptTcp(ports.grafana, "Grafana", source)),
    ...(allowSsh ?? [undefined]).map((source) => acceptTcp(22, "SSH", source)),
    acceptPing(guest),
  ];
}
