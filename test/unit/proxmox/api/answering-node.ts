import { createClient, type ProxmoxClient } from "../../../../proxmox/api/client";
import { NodeServer } from "./node-server";

/** A node that answers by path, and its client. */
export interface AnsweringNode {
  readonly client: ProxmoxClient;
  readonly stop: () => Promise<void>;
}

/** @param answers by path, looked up at each request; anything else is not allowed */
export async function startAnsweringNode(answers: () => Readonly<Record<string, unknown>>): Promise<AnsweringNode> {
  const server = await NodeServer.start(({ url }) => {
    const data = answers()[url.replace("/api2/json", "").replace(/\?.*$/u, "")];
    return data === undefined
      ? { status: 403, reason: "Permission check failed", body: { data: null } }
      : { body: { data } };
  });
  const trust = { kind: "ca", pem: server.ca } as const;
  const credential = { kind: "token", value: "a@pve!b=c" } as const;
  const client = createClient({ endpoint: server.endpoint, trust, credential });
  return {
    client,
    stop: async () => {
      await client.close();
      await server.stop();
    },
  };
}
