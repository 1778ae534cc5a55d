import type { Endpoint } from "../server/endpoint";
import type { Json } from "../server/failure";

/** A folder of the API lists what is below it. */
export function indexEndpoint(path: string, subfolders: readonly string[], key = "subdir"): Endpoint {
  const list = subfolders.map((name): Json => ({ [key]: name }));
  return { method: "GET", path, parameters: {}, permissions: { user: "all" }, handler: () => list };
}

export const versionEndpoints: readonly Endpoint[] = [
  indexEndpoint("/", ["version", "cluster", "nodes", "storage", "access", "pools"]),
  indexEndpoint("/access", ["users", "groups", "roles", "acl", "domains", "openid", "tfa", "ticket", "password"]),
  {
    method: "GET",
    path: "/version",
    parameters: {},
    permissions: { user: "all" },
    handler: ({ node }) => ({ ...node.state.version }),
  },
];
