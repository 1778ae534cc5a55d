import { backendOf } from "../../../../project/backend";
import type { LoadedEnvironment, Site } from "../../../../project/site";
import type { InputOutput } from "../../../../terminal/input-output";
import { StateFolder } from "../../../engine/state-folder";
import type { Traces } from "../lost-state";
import { lastSeen } from "../seen-state";
import { folderOfSettings } from "./copy-places";

/**
 * What this machine knows of a state in the site's store: what was seen there, and the copy in the settings' folder. Of another
 * backend nothing: the copy may be from the store, and the stack begun elsewhere on purpose.
 */
export function tracesOf(
  site: Site,
  environment: LoadedEnvironment,
  { environment: variables, workingDirectory }: Pick<InputOutput, "environment" | "workingDirectory">,
): Traces {
  const { name, project, settings } = environment;
  if (backendOf(environment, variables).origin !== "state store") return {};
  const folder = new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, variables);
  const store = folderOfSettings({ site, variables, workingDirectory }).of(name);
  return {
    seen: lastSeen(folder),
    copy: { place: { project: project.name, stack: name }, store },
  };
}
