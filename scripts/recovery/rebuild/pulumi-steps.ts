import { setTimeout as sleep } from "node:timers/promises";
import type { Watch } from "../../clients/pulumi-cli/pulumi-cli";
import { storeTrouble } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { backupName, componentKinds, urnsNamed } from "../../../site/resources";
import { childName, storeName } from "../../../site/state-store/resource-names";
import { isRunning, startOf } from "../../machine/processes";
import { type Step, type StepResult, type StepContext, type StepGroup, standing } from "../engine/step";
import { readPresent } from "../steps/state/present-state";
import { listStack } from "../steps/state/stack-objects";
import { readMapping } from "../../../site/replaced-node/node-mapping";
import { renameState } from "../steps/state/rename-state";
import { forgetLostJob } from "../steps/state/lost-job";
import { clearOurDeadLocks } from "../steps/state/pulumi-lock";
import type { RebuildPlan } from "./plan";
import { localAccess, logsOf, ownerCli, type RebuildSession } from "./world";
import { changed } from "../steps/state/changed";

/** Variables of the program for one run: without buckets and identities, which need a store that answers. */
const apart = { LIFEBOAT_STATE_STORE: "apart" };

/** For Pulumi nothing has changed about the server of a container that is there. */
const broken = [childName(storeName, "server")];

export function containerSteps(
  plan: RebuildPlan,
  guest: NonNullable<RebuildPlan["guest"]>,
  session: RebuildSession,
): StepGroup {
  const { name, id, exists } = guest;
  const what = exists
    ? `what container ${name} (${String(id)}) is now`
    : `that container ${name} (${String(id)}) is gone`;
  const does = exists
    ? "install the server in the container again; its data stay"
    : "make the container, empty, and install the server";
  return {
    id: "container",
    title: `Container ${name}`,
    steps: [
      standing({
        id: "refresh",
        title: `Tell Pulumi what became of ${name}`,
        does: `pulumi refresh: write into the state ${what}, and what its backup job is`,
        run: async (context) => {
          const job = componentKinds["backup-job"].child(backupName);
          const urns = await urnsOf(session, plan.owner, [componentKinds.container.child(name), job]);
          if (urns.length === 0) return;
          await runPulumi(session, context, apart, async (cli, watch) => {
            await forgetLostJob(session.site.environment(plan.owner), urns, cli, watch);
            const left = await urnsOf(session, plan.owner, [componentKinds.container.child(name), job]);
            if (left.length > 0) await cli.refresh(left, watch);
          });
        },
      }),
      standing({
        id: "up",
        title: `pulumi up of ${plan.owner}, without buckets`,
        does: `pulumi up: ${does}`,
        run: async (context) => {
          const variables = { ...apart, LIFEBOAT_FRESH: name };
          const urns = exists ? await urnsOf(session, plan.owner, broken) : [];
          await runPulumi(session, context, variables, (cli, watch) => cli.up(watch, urns));
        },
      }),
      waitStep(session),
    ],
  };
}

/** Before Pulumi looks at anything under names that are gone. */
export function renameStep(map: NonNullable<RebuildPlan["map"]>, session: RebuildSession): Step {
  const { name } = session.siteStore.environment;
  return standing({
    id: "rename",
    title: `Write the new names into the state of ${name}`,
    does: `pulumi stack export and import: write the new names of the node into the state of ${name} on this machine`,
    run: async (context) => {
      const environment = session.site.environment(name);
      const variables = session.context.io.environment;
      const wish = { mapping: readMapping(map), environment, variables, keep: session.state.path };
      let result: StepResult = {};
      await runPulumi(session, context, apart, async (cli, watch) => {
        result = await renameState(cli, wish, watch);
      });
      return result;
    },
  });
}

/** Looks at the store this often, a second apart: a container that was just installed has its service up in seconds. */
const healthLooks = 120;

function waitStep({ site, siteStore }: RebuildSession): Step {
  return standing({
    id: "wait",
    title: "Wait for the state store",
    does: "wait until the state store answers",
    run: async ({ signal, progress }) => {
      for (let look = 1; ; look += 1) {
        const store = site.environment(siteStore.environment.name).stateStore() ?? siteStore;
        const trouble = await storeTrouble(store, signal);
        if (trouble === undefined) return;
        if (look === healthLooks) throw new CommandError(trouble, { exitCode: exitCodes.unavailable });
        progress(trouble);
        await sleep(1_000, undefined, { signal });
      }
    },
  });
}

export function contentStep({ owner, kind }: RebuildPlan, session: RebuildSession): Step {
  return standing({
    id: "content",
    title: `pulumi up of ${owner}, with buckets`,
    does: `pulumi up: make the buckets${kind === "container" ? " and identities" : ""}; what is there is taken in`,
    run: (context) => runPulumi(session, context, {}, (cli, watch) => cli.up(watch)),
  });
}

/** Resources of the owner's state by their names. */
async function urnsOf(session: RebuildSession, owner: string, names: readonly string[]): Promise<string[]> {
  const access = localAccess(session, session.site.environment(owner));
  const { present } = await listStack(access);
  const state = present && (await readPresent(access, present));
  if (state?.checkpoint === undefined) throw changed(`the state of ${owner} on this machine`);
  return urnsNamed(
    state.checkpoint.resources.map(({ urn }) => urn),
    names,
  );
}

type Cli = Awaited<ReturnType<typeof ownerCli>>;

/** Lets a `pulumi` that an earlier, killed run left at work come to its end, and clears its lock, and no other. */
async function runPulumi(
  session: RebuildSession,
  context: StepContext,
  variables: Readonly<Record<string, string>>,
  work: (cli: Cli, watch: Watch) => Promise<unknown>,
): Promise<void> {
  const { signal, progress, facts } = context;
  const cli = await ownerCli(session, variables);
  const watch: Watch = {
    signal,
    onProgress: progress,
    onStart: (pid) => context.note({ pulumi: pid, pulumiStart: startOf(pid) ?? "" }),
  };
  const { pulumi, pulumiStart } = facts;
  if (typeof pulumi === "number") {
    while (startOf(pulumi) === pulumiStart && isRunning(pulumi)) {
      progress(`waiting for the pulumi of an earlier run (process ${String(pulumi)})`);
      await sleep(500, undefined, { signal });
    }
  }
  const owner = session.site.environment(session.siteStore.environment.name);
  await clearOurDeadLocks(localAccess(session, owner), logsOf(session));
  await work(cli, watch);
}
