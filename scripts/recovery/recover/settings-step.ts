import { basename } from "node:path";
import { writeEdit } from "../../project/edit-settings";
import type { RenamedSettings } from "../../project/rename-settings";
import { type Step, standing } from "../engine/step";
import { settingsPath } from "./earlier-mapping";
import type { SiteSession } from "./session";

/** Writes settings that have the names of the new node. Somebody who has changed a file meanwhile is not overwritten. */
export function settingsStep(renamed: readonly RenamedSettings[], session: SiteSession): Step {
  const files = renamed.map(({ file }) => basename(file)).join(", ");
  return standing({
    id: settingsPath,
    title: "Write the new names into the settings",
    does: `write the new names into ${files}, as shown; everything else in there stays`,
    card: {
      needs: `${files} can be written, and nobody has changed anything in there since this was planned`,
      check: `lifeboat doctor ${renamed.map(({ environment }) => environment).join(" ")} finds the nodes and storages by their new names`,
    },
    run: async () => {
      for (const edit of renamed) {
        writeEdit(edit);
        session.site.reread(edit.environment);
      }
      return { facts: { files } };
    },
  });
}
