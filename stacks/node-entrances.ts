import type * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import type { ProxmoxClient } from "../proxmox/api/client";
import { hostOf } from "../proxmox/api/node-host";
import { shownHostKeys } from "../scripts/clients/host-keys";
import type { Entrance } from "../site/data/entrance";
import { keyToPin } from "../site/host-keys";
import type { Environment, Guest } from "../site/settings/environment";
import type { DataPlace } from "./data-place";
import { readNamedFile } from "./read-named-file";

/** A node that is logged in to, and how to get from it into a guest. */
interface NodeEntrance {
  readonly place: Pick<DataPlace, "address" | "port" | "login">;
  into(guest: Guest): Entrance;
}

export type NodeEntrances = (node: string) => Promise<NodeEntrance>;

/**
 * How to get into guests by their nodes.
 * @throws pulumi.RunError where a node is not known by a key of the settings
 */
export function nodeEntrances(
  { name, proxmox }: Pick<Environment, "name" | "proxmox">,
  client: ProxmoxClient,
): NodeEntrances {
  return async (node) => {
    const { ssh, endpoint } = proxmox;
    if (ssh === undefined) throw new Error("the schema wants ssh for it");
    const address = await hostOf(client, endpoint, node);
    if (address === undefined) throw cannot(name, node, "its address is not known");
    const known = new Set(ssh.hostKeys);
    // With one key only nobody has to be asked, and a preview shows no change where the node is down.
    const key =
      known.size === 1 ? ssh.hostKeys[0] : keyToPin((await shownHostKeys(address, 0)).filter((one) => known.has(one)));
    if (key === undefined) throw cannot(name, node, `it shows no host key of lifeboat:proxmox.ssh.hostKeys`);
    const login = {
      user: ssh.user,
      hostKey: key,
      ...(ssh.identity === undefined
        ? {}
        : { privateKey: readNamedFile(ssh.identity, "the SSH key of lifeboat:proxmox.ssh") }),
    };
    return { place: { address, port: ssh.port, login }, into: ({ id }) => ({ kind: "node", user: ssh.user, id }) };
  };
}

function cannot(environment: string, node: string, cause: string): pulumi.RunError {
  return refusal(
    `Unable to log in to ${node} of ${environment}, which its settings ask for: ${cause}` +
      `\nHINT: name its key in lifeboat:proxmox.ssh.hostKeys: ssh-keyscan ${node}, compared on its console`,
  );
}
