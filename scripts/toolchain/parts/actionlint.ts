import type { Part } from "./part";

const actionlintVersion = "1.7.12";
const goPackage = "github.com/rhysd/actionlint";

/** Checks the workflows of `.github/workflows`, for `npm run lint:workflows`. */
export const actionlint: Part = {
  name: "actionlint",
  version: actionlintVersion,
  kind: "artifact",
  executable: "actionlint",
  official: ({ system, architecture }) => ({
    folder: `https://${goPackage}/releases/download/v${actionlintVersion}`,
    archive: `actionlint_${actionlintVersion}_${system}_${architecture === "x64" ? "amd64" : architecture}.tar.gz`,
    checksums: `actionlint_${actionlintVersion}_checksums.txt`,
    member: "actionlint",
  }),
  upstream: {
    module: "actionlint",
    goPackage: `${goPackage}/cmd/actionlint`,
    variables: { [`${goPackage}.version`]: actionlintVersion },
  },
  versionCheck: { arguments: ["-version"], output: actionlintVersion },
};
