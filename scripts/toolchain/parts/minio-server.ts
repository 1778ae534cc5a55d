import type { Part } from "./part";

/** Time of the commit that upstream/minio-server pins: the last of the project, with its security fixes. */
const releasedAt = "2026-02-12T20:18:48Z";
const commit = "7aac2a2c5b7c";

/** MinIO's own form of a time in the name of a release. */
const releaseName = `RELEASE.${releasedAt.replaceAll(":", "-")}`;

/**
 * The S3 server of the state store. MinIO publishes no programs any more, so that whoever needs one builds it: this is
 * the recipe. It runs in a guest, never here, and so it is no part of the toolchain.
 */
export const minioServer = server("minio-server", releaseName);

/**
 * The same source under the name that MinIO gives to a release which is built a second time: another program with another
 * sum, with which an upgrade of a running store is rehearsed.
 */
export const minioServerHotfix = server("minio-server-hotfix", `${releaseName}.hotfix.${commit}`);

function server(name: string, release: string): Part {
  const constants = "github.com/minio/minio/cmd";
  return {
    name,
    version: release,
    kind: "artifact",
    executable: "minio",
    upstream: {
      module: "minio-server",
      goPackage: "github.com/minio/minio",
      tags: ["kqueue"],
      // What upstream's own `make build` sets. A server without a release date takes itself for a development build.
      variables: {
        [`${constants}.Version`]: releasedAt,
        [`${constants}.ReleaseTag`]: release,
        [`${constants}.CommitID`]: commit,
        [`${constants}.ShortCommitID`]: commit,
        [`${constants}.CopyrightYear`]: releasedAt.slice(0, 4),
      },
    },
    versionCheck: { arguments: ["--version"], output: `minio version ${release} (commit-id=${commit})` },
  };
}
