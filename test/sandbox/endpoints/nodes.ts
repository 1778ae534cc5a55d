import type { Endpoint } from "../server/endpoint";

export const versionEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/version",
    parameters: {},
    permissions: { user: "all" },
    handler: ({ node }) => ({ ...node.state.version }),
  },
];
