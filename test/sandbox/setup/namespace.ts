import { existsSync, readdirSync } from "node:fs";
import { run } from "../machine/child-process";
import { removeIfEmpty } from "../machine/files";
import { SandboxError } from "./failure";
import type { SandboxNode } from "./layout";
import { inNetwork, NAMESPACES, type SiteNames } from "../machine/names";

/** The bridge that the settings' examples name; every node's address and every guest is on it. */
const BRIDGE = "vmbr0";

const BRIDGE_ADDRESS = "bc:24:11:00:00:01";

/** Router of the example's network: guests have it as gateway. Nothing is routed out of the namespace. */
const GATEWAY = "192.0.2.1";

const PREFIX = 24;

/**
 * The network of a site: a namespace of its own with loopback, the bridge `vmbr0` and the address of each node on it.
 * Nothing in it reaches the machine's own network, nor the other way round. What is there already stays.
 */
export async function makeNetwork(names: SiteNames, nodes: readonly SandboxNode[]): Promise<void> {
  if (existsSync(`${NAMESPACES}/${names.namespace}`)) return;
  const ip = (...words: string[]): Promise<string> => run("ip", ["-n", names.namespace, ...words]);
  // Another site's `down` removes the folder of all namespaces when it was the last; then this one makes it again.
  await addNamespace(names).catch(() => addNamespace(names));
  await ip("link", "set", "lo", "up");
  await showForwardedPackets(names);
  // An address of its own: a bridge without one takes another with each port, and guests would lose their gateway.
  await ip("link", "add", BRIDGE, "address", BRIDGE_ADDRESS, "type", "bridge");
  for (const address of [GATEWAY, ...nodes.map((node) => node.address)]) {
    await ip("address", "add", `${address}/${PREFIX}`, "dev", BRIDGE);
  }
  await ip("link", "set", BRIDGE, "up");
}

function addNamespace(names: SiteNames): Promise<string> {
  return run("ip", ["netns", "add", names.namespace]);
}

/** One more address of the site on its bridge, for a server that runs beside the nodes. */
export async function addAddress(names: SiteNames, address: string): Promise<void> {
  await run("ip", ["-n", names.namespace, "address", "replace", `${address}/${PREFIX}`, "dev", BRIDGE]);
}

/**
 * Lets nftables see what bridges forward, as Proxmox does (PVE::Firewall, enable_bridge_firewall).
 * @throws SandboxError where the kernel cannot
 */
async function showForwardedPackets(names: SiteNames): Promise<void> {
  // Built in, or loaded already: what counts is whether the settings are there.
  await run("modprobe", ["br_netfilter"]).catch(() => undefined);
  const [program, ...wrapper] = inNetwork(names);
  const script = "for name in iptables ip6tables; do echo 1 > /proc/sys/net/bridge/bridge-nf-call-$name || exit; done";
  await run(program, [...wrapper, "sh", "-c", script]).catch(() => {
    throw new SandboxError("this machine's kernel does not let a firewall see what bridges forward", {
      hint: "as root: modprobe br_netfilter",
    });
  });
}

/** Processes whose network is the site's. */
export async function processesInNetwork(names: SiteNames): Promise<number[]> {
  if (!existsSync(`${NAMESPACES}/${names.namespace}`)) return [];
  const text = await run("ip", ["netns", "pids", names.namespace]);
  return text.split("\n").filter(Boolean).map(Number);
}

/** Removes the namespace, with its bridge, and iproute2's own mount when no namespace is left on the machine. */
export async function removeNetwork(names: SiteNames): Promise<void> {
  if (existsSync(`${NAMESPACES}/${names.namespace}`)) await run("ip", ["netns", "delete", names.namespace]);
  if (!existsSync(NAMESPACES) || readdirSync(NAMESPACES).length > 0) return;
  // `ip netns add` mounts the folder on itself and never takes that back. Not mounted is fine.
  await run("umount", [NAMESPACES]).catch(() => undefined);
  await removeIfEmpty(NAMESPACES);
}
