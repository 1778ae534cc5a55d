import { setTimeout as sleep } from "node:timers/promises";
import { ConditionFailed, type StoredObject } from "../../clients/object-store/object-store";
import { compareEnvironment } from "../../project/pulumi-variables";
import type { Watch } from "../../clients/pulumi-cli/pulumi-cli";
import { storeTrouble } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { backupName, componentKinds } from "../../../site/resources";
import { childName, storeName } from "../../../site/state-store/resource-names";
import { compressionOf, savedKey } from "../../../site/state/state-keys";
import { stateDigest } from "../../../site/state-copies/state-digest";
import { isRunning, startOf } from "../../machine/processes";
import { type Finding, type Step, type StepContext, type StepGroup, type StepNode, standing } from "../engine/step";
import { planKeys, writeKeys } from "../steps/state/site-keys";
import { archiveLocal } from "../steps/state/archive-local";
import { findCopied } from "../steps/state/copies/copy-facts";
import { copyFindings } from "../steps/state/copies/copy-states";
import { recordFile, removeRecord, writeRecord } from "../steps/state/fallback-record";
import { replaceUnusable } from "../steps/state/replace-unreadable";
import { historyFindings, sendHistory, sendTags, writeChecked, writeOnce } from "../steps/state/send-objects";
import { findPresent, readPresent } from "../steps/state/present-state";
import { listStack } from "../steps/state/stack-objects";
import { supersede } from "../engine/run-one";
import { journalsOf, stateOf } from "../engine/session";
import { clearOurDeadLocks } from "../steps/state/pulumi-lock";
import type { BegunOperation } from "../engine/operation";
import { sha256Of, type StateAccess } from "../steps/state/state-access";
import { shut, StateSecrets } from "../steps/state/state-secrets";
import { rebuildKind, type RebuildPlan, type RebuiltEnvironment } from "./plan";
import { bucketAccess, copyAccess, localAccess, logsOf, ownerCli, type RebuildSession } from "./world";
import { changed, digestIn } from "../steps/state/changed";

/** Variables of the program for one run: without buckets and identities, which need a store that answers. */
const apart = { LIFEBOAT_STATE_STORE: "apart" };

/** Makes a state store again, and brings the states back, each from its copy. */
export function rebuildSteps(plan: RebuildPlan, session: RebuildSession, begun: BegunOperation): StepNode[] {
  const { owner, environments, guest } = plan;
  const own = environments.find(({ name }) => name === owner);
  const others = environments.filter(({ name, stored, copy }) => name !== owner && !stored && copy !== undefined);
  return [
    ...(plan.keys.length > 0 ? [keysStep(plan, session)] : []),
    ...(own === undefined || own.local || own.stored ? [] : [localStep(plan, own, session, begun)]),
    ...(guest === undefined || plan.answers ? [] : [containerSteps(plan, guest, session)]),
    contentStep(plan, session),
    ...others.map((one) => pushSteps(one, session)),
    homeStep(plan, session, begun),
    proofs(plan, session),
    copyStep(plan, session),
  ];
}

function keysStep({ keys }: RebuildPlan, { site, siteStore, context }: RebuildSession): Step {
  return standing({
    id: "keys",
    title: "Write new keys of the state store into the settings",
    does: `make ${keys.join(", ")}, and write them encrypted into the settings`,
    run: async () => writeKeys(site, siteStore, await planKeys(site, siteStore, context)),
  });
}

/** The program cannot have its state in the store that it makes. */
function localStep(plan: RebuildPlan, own: RebuiltEnvironment, session: RebuildSession, begun: BegunOperation): Step {
  const from = own.copy === undefined ? plan.endpoint : plan.from;
  return standing({
    id: "local",
    title: `Bring the state of ${own.name} to this machine`,
    does: `put the state of ${own.name} from ${from} into the backend on this machine, since the store cannot hold it yet`,
    run: async (context) => {
      const environment = session.site.environment(own.name);
      const [copy, local] = [copyAccess(session, environment), localAccess(session, environment)];
      const [there, copied] = await Promise.all([listStack(local), listStack(copy)]);
      const [source, target] = [
        { store: copy.store, objects: copied },
        { store: local.store, objects: there },
      ];
      const sent = await sendHistory(source, target, context);
      const record = recordFile(environment.project, own.name, session.context.io.environment);
      const base = await digestOfCopy(session, copy);
      writeRecord(record, { environment: own.name, began: begun.startedAt, base, from });
      await putOnce(copy, local, own);
      return { findings: historyFindings(sent, copy.store, local.store) };
    },
  });
}

async function digestOfCopy({ context }: RebuildSession, copy: StateAccess): Promise<string> {
  const state = await findCopied(copy);
  if (state?.checkpoint === undefined) throw changed("the copy");
  const secrets = new StateSecrets(copy.place.stack, context.io.environment, context.redactor);
  const opening = await secrets.try(state.checkpoint.keeper);
  return stateDigest(state.checkpoint, opening.kind === "open" ? opening.open : shut);
}

/** A state that is there is never replaced. @returns whether it was written */
async function putOnce(from: StateAccess, to: StateAccess, { copy }: RebuiltEnvironment): Promise<boolean> {
  if (copy === undefined) return false;
  const found = await findPresent(to);
  if (found !== undefined && found.problem === undefined) return found.sha256 === copy.sha256;
  const content = await from.store.read(copy.object);
  if (sha256Of(content) !== copy.sha256) throw changed("the copy");
  if (found !== undefined) {
    await replaceUnusable(to, found, copy.object, content);
    return true;
  }
  try {
    await writeChecked(to.store, copy.object, content, { ifNoneMatch: true });
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return (await digestIn(to, copy.object)) === copy.sha256;
  }
}

/** For Pulumi nothing has changed about the server of a container that is there. */
const broken = [childName(storeName, "server")];

function containerSteps(
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
          if (urns.length > 0) await runPulumi(session, context, apart, (cli, watch) => cli.refresh(urns, watch));
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

function contentStep({ owner, kind }: RebuildPlan, session: RebuildSession): Step {
  return standing({
    id: "content",
    title: `pulumi up of ${owner}, with buckets`,
    does: `pulumi up: make the buckets${kind === "container" ? " and identities" : ""}; what is there is taken in`,
    run: (context) => runPulumi(session, context, {}, (cli, watch) => cli.up(watch)),
  });
}

function pushSteps(one: RebuiltEnvironment, session: RebuildSession): Step {
  return standing({
    id: `push-${one.name}`,
    title: `Bring the state of ${one.name} back`,
    does: `bring the state of ${one.name} and its ${String(one.copy?.points ?? 0)} restore points from the copy into its bucket`,
    run: async (context) => {
      const environment = session.site.environment(one.name);
      const { context: command } = session;
      // A restore that is half done would take the state away again that comes back here.
      const state = stateOf(environment, command);
      const subject = { kind: "stack", environment: one.name } as const;
      supersede(journalsOf({ state, subject }), rebuildKind, { context: command, environment });
      return push(copyAccess(session, environment), await bucketAccess(session, environment), one, context);
    },
  });
}

async function push(from: StateAccess, to: StateAccess, one: RebuiltEnvironment, context: StepContext) {
  const [copied, there] = await Promise.all([listStack(from), listStack(to)]);
  const [source, target] = [
    { store: from.store, objects: copied },
    { store: to.store, objects: there },
  ];
  const sent = await sendHistory(source, target, context);
  const lostTags = there.tags === undefined ? await sendTags(source, to.store) : [];
  const written = await putOnce(from, to, one);
  const kept: Finding = {
    severity: "note",
    text: `the store has a state of ${one.name} already: it was left as it is`,
  };
  const findings = historyFindings({ ...sent, unreadable: [...sent.unreadable, ...lostTags] }, from.store, to.store);
  return { facts: { objects: sent.sent }, findings: [...findings, ...(written ? [] : [kept])] };
}

/** The owner's state went on on this machine while the store was made. */
function homeStep({ owner, environments }: RebuildPlan, session: RebuildSession, begun: BegunOperation): Step {
  return standing({
    id: "home",
    title: `Bring the state of ${owner} into the store`,
    does: `bring the state of ${owner} from this machine into its bucket, and put the one here away`,
    run: async (context) => {
      const environment = session.site.environment(owner);
      const variables = session.context.io.environment;
      const [local, bucket] = [localAccess(session, environment), await bucketAccess(session, environment)];
      const [here, there] = await Promise.all([listStack(local), listStack(bucket)]);
      // An earlier attempt has put it away already.
      if (here.present === undefined) return;
      const { key } = here.present;
      const content = await local.store.read(key);
      const [source, target] = [
        { store: local.store, objects: here },
        { store: bucket.store, objects: there },
      ];
      const findings = historyFindings(await sendHistory(source, target, context), local.store, bucket.store);
      const base = environments.find(({ name }) => name === owner)?.copy?.sha256;
      const found = there.present && (await readPresent(bucket, there.present));
      if (found !== undefined && found.problem !== undefined) await replaceUnusable(bucket, found, key, content);
      else {
        const left = await writeOwn(bucket, { key, content }, there.present, { base, begun });
        if (left !== undefined) return { findings: [...findings, left] };
      }
      const archive = archiveLocal(environment, variables, begun.startedAt);
      removeRecord(recordFile(environment.project, owner, variables));
      return { facts: { archive }, findings };
    },
  });
}

/**
 * A store that kept its data has the state that the copy was made of; it stays as a restore point.
 *
 * @returns what is left to do where the store has another one
 */
async function writeOwn(
  bucket: StateAccess,
  own: { readonly key: string; readonly content: Buffer },
  present: StoredObject | undefined,
  { base, begun }: { readonly base: string | undefined; readonly begun: BegunOperation },
): Promise<Finding | undefined> {
  const { store, place } = bucket;
  if (present === undefined) {
    await writeChecked(store, own.key, own.content, { ifNoneMatch: true });
    return undefined;
  }
  const old = await store.read(present.key);
  if (old.equals(own.content)) return undefined;
  if (sha256Of(old) !== base || present.key !== own.key || present.etag === undefined) {
    const text = `the store has a state of ${place.stack} that is newer than its copy; the one on this machine lives until you have decided`;
    return { severity: "problem", text, mend: `lifeboat state return ${place.stack}` };
  }
  const names = { time: Date.parse(begun.startedAt), before: sha256Of(own.content).slice(0, 10) };
  const saved = savedKey(place, names, compressionOf(old));
  if (!(await writeOnce(store, saved, old))) throw changed(saved);
  await writeChecked(store, own.key, own.content, { ifMatch: present.etag });
  return undefined;
}

function proofs({ environments }: RebuildPlan, session: RebuildSession): StepGroup {
  return {
    id: "prove",
    title: "Every environment works",
    steps: environments
      .filter(({ copy, stored, local }) => copy !== undefined || stored || local)
      .map(({ name }) => proofStep(name, session)),
  };
}

function proofStep(name: string, { site, context }: RebuildSession): Step {
  return {
    id: name,
    title: `Preview ${name}`,
    does: `prove that ${name} works with the store: pulumi preview`,
    run: async ({ signal }) => {
      const compared = await compareEnvironment(site.environment(name), context.io.environment, signal);
      if (!compared.compared) {
        const text = `${name} does not work with the store yet: ${compared.why}`;
        return { facts: { works: false }, findings: [{ severity: "problem", text, mend: compared.command }] };
      }
      const count = compared.differences.length;
      const names = compared.differences.map(({ operation, resource }) => `${operation} ${resource}`).join(", ");
      const differs: Finding = {
        severity: "todo",
        text: `${name} works with the store; what was done since the copy differs: ${names}`,
        mend: `pulumi up --refresh --stack ${name}`,
      };
      return { facts: { works: true, differences: count }, findings: count === 0 ? [] : [differs] };
    },
  };
}

function copyStep({ environments, owner }: RebuildPlan, session: RebuildSession): Step {
  return {
    id: "copy",
    title: "Copy the states",
    does: "make the folder of copies what the store holds now",
    run: async () => {
      const present = environments.filter(({ copy, stored, name }) => copy !== undefined || stored || name === owner);
      const loaded = present.map(({ name }) => session.site.environment(name));
      return { findings: await copyFindings(loaded, session.context) };
    },
  };
}

/** Resources of the owner's state by their names. */
async function urnsOf(session: RebuildSession, owner: string, names: readonly string[]): Promise<string[]> {
  const access = localAccess(session, session.site.environment(owner));
  const { present } = await listStack(access);
  const state = present && (await readPresent(access, present));
  if (state?.checkpoint === undefined) throw changed(`the state of ${owner} on this machine`);
  return state.checkpoint.resources.map(({ urn }) => urn).filter((urn) => names.includes(urn.split("::")[3] ?? ""));
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

/** For reports: whether an environment was proven. */
export function proofPath(name: string): string {
  return `prove/${name}`;
}
