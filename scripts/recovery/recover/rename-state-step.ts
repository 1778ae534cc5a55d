import { backendOf } from "../../project/backend";
import { type Step, standing } from "../engine/step";
import { watchOf } from "../engine/watch";
import { renameState } from "../steps/state/rename-state";
import { StackWork } from "../up/stack-work";
import type { SiteSession } from "./session";

/** Writes the new names into what Pulumi remembers, before it looks at anything under the old ones. */
export function renameStateStep(name: string, session: SiteSession): Step {
  return standing({
    id: `rename-${name}`,
    title: `Write the new names into the state of ${name}`,
    does: `pulumi stack export and import: write the new names into the state of ${name}; the one before is kept on this machine`,
    run: async (context) => {
      const { mapping } = session.asked;
      const work = new StackWork(session.site, name, session.context, false);
      const { url } = backendOf(work.environment, session.context.io.environment);
      const look = await work.look(url);
      // A stack that was never brought up remembers nothing.
      if (mapping === undefined || look?.checkpoint === undefined) return;
      await work.clearDeadLocks(url);
      const { node } = work.environment.settings.proxmox;
      return renameState(await work.cli(url), { mapping, node, keep: work.state.path }, watchOf(context));
    },
  });
}
