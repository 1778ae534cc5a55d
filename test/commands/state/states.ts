import { checkpointText, type StateContents } from "../../support/state/states";
import type { StateEnvironment, StateSite } from "./state-site";

/** Puts an update into an environment's bucket: a new state, and its pair of entries in the history. */
export function putUpdate(
  site: StateSite,
  name: StateEnvironment,
  nanos: number,
  contents: StateContents = {},
): string {
  const text = stateText(site, name, { made: nanos, memory: 512 + nanos, ...contents });
  const entry = {
    kind: "update",
    result: "succeeded",
    startTime: 1,
    endTime: 2,
    message: "",
    environment: {},
    config: {},
  };
  const key = `.pulumi/history/shop/${name}/${name}-${String(nanos)}`;
  site.put(name, `${key}.history.json`, JSON.stringify(entry));
  site.put(name, `${key}.checkpoint.json`, text);
  site.put(name, stateKey(name), text);
  return text;
}

/** A state of an environment, with secrets that the site's passphrase opens. */
export function stateText(site: StateSite, name: StateEnvironment, contents: StateContents): string {
  return checkpointText({ stack: `organization/shop/${name}`, salt: site.encrypter.salt, ...contents });
}

export function stateKey(name: StateEnvironment): string {
  return `.pulumi/stacks/shop/${name}.json`;
}
