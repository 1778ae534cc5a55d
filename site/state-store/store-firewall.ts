import { acceptPing, acceptTcp, type FirewallRule } from "../guest-firewall";
import type { ContainerGuest, ContainerStateStore } from "../settings/environment";

/**
 * What may reach the store's guest: its ports from the named networks, SSH, and echo requests, which its checks send.
 * A rule for each network: a list of networks may not mix IPv4 and IPv6.
 */
export function storeRules(guest: ContainerGuest, store: ContainerStateStore): FirewallRule[] {
  const { allow, allowSsh, ports } = store;
  return [
    ...allow.map((source) => acceptTcp(ports.api, "S3", source)),
    ...(ports.console === undefined ? [] : allow.map((source) => acceptTcp(ports.console ?? 0, "console", source))),
    ...(allowSsh ?? [undefined]).map((source) => acceptTcp(22, "SSH", source)),
    acceptPing(guest),
  ];
}
