import { environmentNames, readPulumiProject, readStackFile } from "../../project/pulumi-project";
import { findProject, type ProjectSearch } from "../../project/find-project";
import { isMapping } from "../../../site/settings/schema-tools";
import { guestName } from "../../../site/settings/values/names";
import { CommandError } from "../../terminal/command-error";

/** Names that settings give: what somebody means who presses the tabulator key. */
export interface KnownNames {
  readonly environments: readonly string[];
  readonly guests: readonly { readonly environment: string; readonly name: string }[];
}

const none: KnownNames = { environments: [], guests: [] };

/**
 * Read from the files alone: no node is asked, and nothing is refused. Settings that are wrong elsewhere, or cannot be read at all,
 * give what they give. What is no name is left out: bash puts words into the command line as they are, where a `$(…)` of somebody
 * else's settings would be run.
 */
export function knownNames(search: ProjectSearch): KnownNames {
  const project = orNothing(() => readPulumiProject(findProject(search)));
  if (project === undefined) return none;
  const environments = environmentNames(project);
  const guests = environments.flatMap((environment) => {
    const own = orNothing(() => readStackFile(project, environment))?.settings["guests"];
    const names = Object.keys(isMapping(own) ? own : {}).filter((name) => guestName.safeParse(name).success);
    return names.map((name) => ({ environment, name }));
  });
  return { environments, guests };
}

function orNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
