import { ConditionFailed, type StoredObject } from "../../clients/object-store/object-store";
import { compressionOf, savedKey } from "../../../site/state/state-keys";
import { stateDigest } from "../../../site/state-copies/state-digest";
import { type Finding, type Step, type StepContext, standing } from "../engine/step";
import { archiveLocal } from "../steps/state/archive-local";
import { findCopied } from "../steps/state/copies/copy-facts";
import { recordFile, removeRecord, writeRecord } from "../steps/state/fallback-record";
import { replaceUnusable } from "../steps/state/replace-unreadable";
import { historyFindings, sendHistory, sendTags, writeChecked, writeOnce } from "../steps/state/send-objects";
import { findPresent, readPresent } from "../steps/state/present-state";
import { listStack } from "../steps/state/stack-objects";
import { supersede } from "../engine/run-one";
import { journalsOf, stateOf } from "../engine/session";
import type { BegunOperation } from "../engine/operation";
import { sha256Of, type StateAccess } from "../steps/state/state-access";
import { shut, StateSecrets } from "../steps/state/state-secrets";
import { rebuildKind, type RebuildPlan, type RebuiltEnvironment } from "./plan";
import { bucketAccess, copyAccess, localAccess, type RebuildSession } from "./world";
import { changed, digestIn } from "../steps/state/changed";

/** The program cannot have its state in the store that it makes. */
export function localStep(
  plan: RebuildPlan,
  own: RebuiltEnvironment,
  session: RebuildSession,
  begun: BegunOperation,
): Step {
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

export function pushSteps(one: RebuiltEnvironment, session: RebuildSession): Step {
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
export function homeStep({ owner, environments }: RebuildPlan, session: RebuildSession, begun: BegunOperation): Step {
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
