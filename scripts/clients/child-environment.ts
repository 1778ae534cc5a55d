import { isForProviders } from "../../site/provider-variables";
import { stateKeySource } from "../../site/settings/credentials";

type Variables = Readonly<Record<string, string | undefined>>;

/** What `ssh`, `ping`, `tar` and `zstd` look at: where things are, the language, the agent. No secret of ours is one. */
const ofTools =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|LANG|LANGUAGE|LC_\w+|XDG_\w+|SSH_\w+|KRB5\w*|DISPLAY|WAYLAND_DISPLAY|LD_LIBRARY_PATH)$/u;

/** The environment of a program of the system, which needs none of the credentials. */
export function toolEnvironment(variables: Variables): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => ofTools.test(name)));
}

const notForPulumi = new Set([
  stateKeySource.variable,
  stateKeySource.fileVariable,
  "GITHUB_TOKEN",
  // Pulumi's own Node would verify nobody any more.
  "NODE_TLS_REJECT_UNAUTHORIZED",
]);

/**
 * The environment of `pulumi`, which hands it on to the program and to the plugins. A state names the plugins that it wants
 * and the place to get them from: none is fetched because a state says so. Those of the program come from the toolchain, and are told
 * by the program alone how they sign in and whom they believe.
 */
export function pulumiEnvironment(variables: Variables): Record<string, string | undefined> {
  const needed = Object.entries(variables).filter(([name]) => !notForPulumi.has(name) && !isForProviders(name));
  return { ...Object.fromEntries(needed), ...pulumiRestraints };
}

/** Also for plain `pulumi`: what `lifeboat env` exports. */
export const pulumiRestraints = { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } as const;
