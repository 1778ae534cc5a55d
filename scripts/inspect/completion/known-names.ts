import { environmentNames, readPulumiProject, readStackFile } from "../../project/pulumi-project";
import { findProject, type ProjectSearch } from "../../project/find-project";
import { isMapping } from "../../../site/settings/schema-tools";
import { CommandError } from "../../terminal/command-error";

/** Names that settings give: what somebody means who presses the tabulator key. */
export interface KnownNames {
  readonly environments: readonly string[];
  readonly guests: readonly { readonly environment: string; readonly name: string }[];
}

const none: KnownNames = { environments: [], guests: [] };

/**
 * Read from the files alone: no node is asked, and nothing is refused. Settings that are wrong elsewhere, or cannot be read at all,
 * give what they give.
 */
export function knownNames(search: ProjectSearch): KnownNames {
  const project = orNothing(() => readPulumiProject(findProject(search)));
  if (project === undefined) return none;
  const environments = environmentNames(project);
  const guests = environments.flatMap((environment) => {
    const own = orNothing(() => readStackFile(project, environment))?.settings["guests"];
    return Object.keys(isMapping(own) ? own : {}).map((name) => ({ environment, name }));
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
