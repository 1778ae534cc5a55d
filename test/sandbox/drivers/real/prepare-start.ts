import type { ContainerSpec } from "../driver";
import type { GuestTree } from "./guest-tree";
import { hostsFile, interfacesFile, networkdFile, resolverFile } from "./start-files";

/**
 * Writes what Proxmox writes into a container before each start: name, hosts, resolver and network. A file with a
 * `.pve-ignore.<name>` beside it is the guest's own and stays.
 */
export async function writeStartFiles(tree: GuestTree, container: ContainerSpec): Promise<void> {
  await writeUnlessIgnored(tree, "/etc/hostname", () => `${container.hostname}\n`);
  await writeUnlessIgnored(tree, "/etc/hosts", (old) => hostsFile(old, container));
  await writeUnlessIgnored(tree, "/etc/resolv.conf", (old) => resolverFile(old, container));
  if ((await tree.has("/sbin/ifup")) || (await tree.has("/usr/sbin/ifup"))) {
    await writeUnlessIgnored(tree, "/etc/network/interfaces", () => interfacesFile(container.networks));
  } else {
    for (const network of container.networks) {
      await writeUnlessIgnored(tree, `/etc/systemd/network/${network.name}.network`, () => networkdFile(network));
    }
  }
}

/** The signal that asks a container's init to end: systemd halts on one of its own, others on the power signal. */
export async function haltSignal(tree: GuestTree): Promise<string> {
  const init = await tree.link("/sbin/init");
  return init !== undefined && init.endsWith("/systemd") ? "SIGRTMIN+3" : "SIGPWR";
}

async function writeUnlessIgnored(
  tree: GuestTree,
  path: string,
  text: (old: string | undefined) => string | undefined,
): Promise<void> {
  if (await tree.has(path.replace(/([^/]+)$/, ".pve-ignore.$1"))) return;
  const old = await tree.read(path);
  const wanted = text(old);
  if (wanted !== undefined && wanted !== old) await tree.write(path, wanted);
}
