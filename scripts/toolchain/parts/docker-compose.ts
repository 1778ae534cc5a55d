import type { Part } from "./part";

const composeVersion = "2.40.3";
const module = "github.com/docker/compose/v2";

/**
 * Compose 2 for tests: it reads the file that the monitoring writes, and is never shipped. Debian 12 has Compose 1 only; guests
 * whose Docker comes from elsewhere have this one, as a plugin of Docker.
 */
export const dockerCompose: Part = {
  name: "docker-compose",
  version: composeVersion,
  kind: "artifact",
  executable: "docker-compose",
  onRequest: true,
  notice:
    "This Docker Compose is of October 2025, under the Apache-2.0: a test tool for the guests of the rehearsal, never shipped.",
  upstream: {
    module: "docker-compose",
    goPackage: `${module}/cmd`,
    variables: { [`${module}/internal.Version`]: `v${composeVersion}` },
  },
  versionCheck: { arguments: ["version"], output: `Docker Compose version v${composeVersion}` },
};
