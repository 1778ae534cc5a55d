import { backendOf } from "../../project/backend";
import { type Step, standing } from "../engine/step";
import { watchOf } from "../engine/watch";
import { listStack } from "../steps/state/stack-objects";
import { openStateAt } from "../../project/state-backend";
import { renameState } from "../steps/state/rename-state";
import { StackWork } from "../up/stack-work";
import type { SiteSession } from "./session";

/** Writes the new names into what Pulumi remembers, before it looks at anything under the old ones. */
export function renameStateStep(name: string, session: SiteSession): Step {
  return standing({
    id: `rename-${name}`,
    title: `Write the new names into the state of ${name}`,
    does: `pulumi stack export and import: write the new names into the state of ${name}; the one before is kept on this machine`,
    card: {
      needs: `the state of ${name}, and its passphrase`,
      check: "the step behind it, which asks the new node for every resource",
    },
    run: async (context) => {
      const { mapping } = session.asked;
      const work = new StackWork(session.site, name, session.context, false);
      const { environment } = work;
      const variables = session.context.io.environment;
      const { url } = backendOf(environment, variables);
      const store = await openStateAt(url, environment, variables, { signal: context.signal });
      const place = { project: environment.project.name, stack: name };
      // A stack that was never brought up remembers nothing.
      if (mapping === undefined || store === undefined) return;
      if ((await listStack({ store, place })).present === undefined) return;
      await work.clearDeadLocks(url);
      const renaming = { mapping, environment, variables, keep: work.state.path };
      return renameState(await work.cli(url), renaming, watchOf(context));
    },
  });
}
