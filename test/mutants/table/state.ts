import { inFile, type Mutant } from "../mutant";

const restoring = "test/unit/scripts/recovery/restore-state/steps.test.ts";
const foreign = "test/unit/site/state/foreign-parts.test.ts";
const upping = "test/commands/up/up.test.ts";
const naming = "test/unit/site/state/own-names.test.ts";
const gate = "test/components/stacks/own-state.test.ts";
const copying = "test/unit/scripts/recovery/steps/state/copies/copy-state.test.ts";
const locking = "test/unit/scripts/recovery/steps/state/pulumi-lock.test.ts";
const races = "test/commands/state/races.test.ts";
const moving = "test/commands/up/move.test.ts";
const pruning = "test/commands/state/prune-verify.test.ts";
const pruneRule = "test/unit/site/state/prune.test.ts";

/** The state of a stack: written, copied, moved, pruned, locked. */
export const stateMutants: readonly Mutant[] = [
  ...inFile("site/state/foreign-parts.ts", [
    {
      name: "state: a plugin may come from anywhere",
      from: 'inner !== "pluginDownloadURL" || held !== address',
      to: 'inner !== "pluginDownloadURL"',
      killedBy: { file: foreign, title: "a place below is refused, and named" },
    },
    {
      name: "state: a command of the program's may run anything when it is deleted",
      from: "if (isSet(text) && (type === localCommandType || !isOwnRemoval(text)))",
      to: "if (isSet(text) && type === localCommandType)",
      killedBy: { file: foreign, title: "another deletion is refused, and named" },
    },
    {
      name: "state: a command on the operator's machine may run what the store's container has when it is deleted",
      from: "(type === localCommandType || !isOwnRemoval(text))",
      to: "!isOwnRemoval(text)",
      killedBy: { file: foreign, title: "what is removed in the store's container, here is refused, and named" },
    },
    {
      name: "state: a provider may send its credentials anywhere",
      from: "if (value === own) return undefined;",
      to: "if (value !== undefined) return undefined;",
      killedBy: { file: foreign, title: "a store of somebody else is refused, and named" },
    },
    {
      name: "state: what was under way is not looked at",
      from: "[...resources, ...pendingResources].flatMap",
      to: "[...resources].flatMap",
      killedBy: { file: foreign, title: "a command is refused, and named" },
    },
  ]),
  ...inFile("scripts/recovery/up/state-written.ts", [
    {
      name: "state: an update works on another one than its plan",
      from: "if (written === planned) return checkpoint.resources.length > 0;",
      to: "if (written !== undefined) return checkpoint.resources.length > 0;",
      killedBy: {
        file: upping,
        title: "a state that somebody writes after the plan, the same one too, is handed to no update",
      },
    },
  ]),
  ...inFile("site/state/own-names.ts", [
    {
      name: "state: a guest of the settings may wait to be deleted",
      from: "return resource.delete === true\n    ? `it waits",
      to: "return resource.delete === undefined\n    ? `it waits",
      killedBy: { file: naming, title: "a guest of the settings that waits to be deleted is refused, and named" },
    },
    {
      name: "state: what was read may name something else than the id",
      from: "inputs?.[key], outputs?.[key]]",
      to: "inputs?.[key]]",
      killedBy: { file: naming, title: "two storages is refused, and named" },
    },
  ]),
  ...inFile("site/state/one-reading.ts", [
    {
      name: "state: a member may stand in it twice",
      from: "if (colonsOf(text) !== membersOf(value))",
      to: "if (colonsOf(text) < membersOf(value))",
      killedBy: { file: foreign, title: "a checkpoint that Pulumi reads otherwise is none: a member twice" },
    },
  ]),
  ...inFile("stacks/own-state.ts", [
    {
      name: "state: an update goes on where its state could not be looked at",
      from: "if (!pulumi.runtime.isDryRun())",
      to: "if (stack === unread)",
      killedBy: { file: gate, title: "nobody knows what the state holds, because it fails: an update is refused" },
    },
  ]),
  ...inFile("scripts/recovery/restore-state/steps.ts", [
    {
      name: "state: it is written without if-match",
      from: "await store.write(plan.target, content, condition);",
      to: "await store.write(plan.target, content);",
      killedBy: { file: restoring, title: "loses to who writes in the moment before it" },
    },
    {
      name: "state: it is written over one that has just appeared",
      from: "if (found === undefined) return { ifNoneMatch: true };",
      to: "if (found === undefined) return undefined;",
      killedBy: { file: restoring, title: "where the stack has no state, loses to one that appears in that moment" },
    },
    {
      name: "state: another than the plan has seen is written over",
      from: "if (present?.key === target && (await digestIn(access, target)) !== present.sha256)",
      to: "if (present === null)",
      killedBy: { file: restoring, title: "refuses a state that changed after the plan, before it writes anything" },
    },
    {
      name: "state: what was written is not read back",
      from: "      if (!(await isWritten())) throw new Error(`${plan.target} does not hold what was written`);\n",
      to: "",
      killedBy: { file: restoring, title: "is read back: a store that loses it is not believed" },
    },
    {
      name: "state: another restore point than the plan has seen is written",
      from: "if (sha256Of(content) !== plan.point.sha256)",
      to: "if (content.length === 0)",
      killedBy: { file: restoring, title: "refuses a restore point that changed after the plan" },
    },
    {
      name: "state: it is written while somebody holds Pulumi's lock",
      from: "      await holdLock(access, context);\n",
      to: "",
      killedBy: { file: restoring, title: "waits for nobody: a lock that came after the plan stops it" },
    },
    {
      name: "state: nothing is read again before the write",
      from: "return changedInputs(inputs, inputsOf(access, present, sha256Of(point)));",
      to: "return [];",
      killedBy: { file: restoring, title: "as the last thing before it, the restore point is read again" },
    },
    {
      name: "state: another than the plan has seen is kept",
      from: 'if (sha256Of(content) !== sha256) throw changed(["the present state"]);',
      to: "",
      killedBy: { file: restoring, title: "unless it is another one than the plan has seen" },
    },
  ]),
  ...inFile("scripts/recovery/return/steps.ts", [
    {
      name: "return: the state is written without if-match",
      from: "await writeChecked(states.store.store, present.object, content, condition);",
      to: "await writeChecked(states.store.store, present.object, content);",
      killedBy: { file: races, title: "a return: 13, theirs is in the store" },
    },
    {
      name: "return: the state is written over one that has just appeared",
      from: "found?.etag === undefined ? { ifNoneMatch: true } : { ifMatch: found.etag }",
      to: 'found?.etag === undefined ? { ifMatch: "" } : { ifMatch: found.etag }',
      killedBy: {
        file: "test/commands/state/fallback.test.ts",
        title: "a store that came back empty gets the state from here",
      },
    },
    {
      name: "return: a state that was changed here meanwhile leaves for the store",
      from: 'if (sha256Of(content) !== present.sha256) throw changed("the state on this machine");',
      to: "",
      killedBy: { file: races, title: "an update on this machine after the plan of a return: 13" },
    },
  ]),
  ...inFile("scripts/recovery/return/steps.ts", [
    {
      name: "return: a state that was changed here meanwhile is put away unseen",
      from: 'if (isOther && keep === "store") throw changed("the state on this machine");',
      to: "",
      killedBy: { file: races, title: "an update on this machine while nothing of it was to leave for the store: 13" },
    },
    {
      name: "return: that a state was changed here meanwhile is not told",
      from: "const findings = isOther ? [await keepLater(plan, states, now)] : [];",
      to: "const findings: [] = [];",
      killedBy: { file: races, title: "an update on this machine while its state leaves for the store: 3" },
    },
  ]),
  ...inFile("scripts/recovery/up/move-steps.ts", [
    {
      name: "up: a state that moved is archived without being compared",
      from: "if (differing.length === 0) return",
      to: "if (differing.length >= 0) return",
      killedBy: { file: moving, title: "a resource that did not arrive: 13 with its name" },
    },
    {
      name: "up: a state that moved is archived although the store has lost it since",
      from: "if (why === undefined && !isOther) return;",
      to: "if (!isOther) return;",
      killedBy: { file: moving, title: "the store loses the state while the history is on its way" },
    },
  ]),
  ...inFile("scripts/recovery/steps/state/copies/copy-state.ts", [
    {
      name: "copy: the state is not read back",
      from: "if (!isSame) await writeChecked(target, present.key, state.content);",
      to: "if (!isSame) await target.write(present.key, state.content);",
      killedBy: { file: copying, title: "the state that does not read back as it was written is an error" },
    },
    {
      name: "copy: what it says of itself is not read back",
      from: "await writeChecked(target, markerKey, Buffer.from(formatMarker(marker)));",
      to: "await target.write(markerKey, Buffer.from(formatMarker(marker)));",
      killedBy: { file: copying, title: "what the copy says of itself is read back too" },
    },
    {
      name: "copy: an older state takes a newer one's place",
      from: "if (older !== undefined) return older;",
      to: "",
      killedBy: {
        file: copying,
        title: "a store that was brought back from an old backup does not replace the newer copy",
      },
    },
    {
      name: "copy: one from the middle of an update is not labelled",
      from: "there.locks.length > 0 || ",
      to: "",
      killedBy: { file: copying, title: "an update that ends while its state is copied is labelled too" },
    },
  ]),
  ...inFile("scripts/recovery/steps/state/send-objects.ts", [
    {
      name: "copy: what is sent is not read back",
      from: 'if (!found.equals(content)) throw new SendDamaged(key, store.place, "");',
      to: 'if (found.length === 0) throw new SendDamaged(key, store.place, "");',
      killedBy: {
        file: copying,
        title: "an entry of the history that does not read back as it was written is an error",
      },
    },
    {
      name: "copy: an object that is there in another length is taken for the same",
      from: "if (one.size !== other.size) return false;",
      to: "if (one.size !== other.size) return true;",
      killedBy: { file: copying, title: "in the copy never replaces the other's" },
    },
    {
      name: "copy: an object that is there is overwritten",
      from: "await writeChecked(store, key, content, { ifNoneMatch: true });",
      to: "await writeChecked(store, key, content);",
      killedBy: { file: copying, title: "an entry that another copier writes meanwhile is not overwritten" },
    },
  ]),
  ...inFile("scripts/recovery/steps/state/pulumi-lock.ts", [
    {
      name: "Pulumi's lock: of two that take it at the same time both have it",
      from: "  try {\n    await requireNoLock(access, key);\n  } catch",
      to: "  try {\n    await Promise.resolve();\n  } catch",
      killedBy: { file: locking, title: "of two that take it at the same time neither goes on over the other" },
    },
    {
      name: "Pulumi's lock: ours stays when it could not be had",
      from: "    await access.store.remove(key);\n    throw error;",
      to: "    throw error;",
      killedBy: { file: locking, title: "of two that take it at the same time neither goes on over the other" },
    },
    {
      name: "Pulumi's lock: one of a dead process is none",
      from: ".filter(({ key }) => key !== own);",
      to: ".filter(({ key, owner }) => key !== own && (owner === undefined || !hasEnded(owner)));",
      killedBy: { file: locking, title: "one of a process of this machine that has ended is never taken over" },
    },
    {
      name: "Pulumi's lock: a process of another machine counts as dead",
      from: "return host === hostname() && ",
      to: "return ",
      killedBy: { file: locking, title: "one of another machine, where nobody here can look" },
    },
  ]),
  ...inFile("scripts/recovery/prune-state/make-plan.ts", [
    {
      name: "prune: the last good update goes",
      from: "    ...(await lastGood(access, updates, cache)),\n",
      to: "",
      killedBy: { file: pruning, title: "the last good update and the one that is present stay" },
    },
    {
      name: "prune: an update that failed counts as the last good one",
      from: ' || told?.result !== "succeeded"',
      to: "",
      killedBy: { file: pruning, title: "the last good update and the one that is present stay" },
    },
    {
      name: "prune: the update that is the present state goes",
      from: "    ...(await presentOnes(access, updates, live.length > 0)),\n",
      to: "",
      killedBy: { file: pruning, title: "the last good update and the one that is present stay" },
    },
  ]),
  ...inFile("site/state/prune.ts", [
    {
      name: "prune: what is spared goes all the same",
      from: "outdated.includes(nanos) && !spared.has(nanos)",
      to: "outdated.includes(nanos)",
      killedBy: { file: pruneRule, title: "what is spared is never removed" },
    },
    {
      name: "prune: one update fewer stays than was asked for",
      from: "index >= keep.count",
      to: "index >= keep.count - 1",
      killedBy: { file: pruneRule, title: "a number keeps the newest, and the copies from then on" },
    },
    {
      name: "prune: what Lifeboat saved goes as soon as the rule says",
      from: "Math.min(border, now - savedStay * 1_000)",
      to: "border",
      killedBy: { file: pruneRule, title: "what Lifeboat saved stays for 30 days" },
    },
    {
      name: "prune: a checkpoint goes before its entry",
      from: '?.half === "history" ? 0 : 1',
      to: '?.half === "history" ? 1 : 0',
      killedBy: { file: pruneRule, title: "both halves of what is too old go, the entry first" },
    },
  ]),
  ...inFile("scripts/recovery/steps/state/send-objects.ts", [
    {
      name: "copy: an entry of the history that another has written is replaced",
      from: "await writeChecked(store, key, content, { ifNoneMatch: true });",
      to: "await writeChecked(store, key, content);",
      killedBy: { file: copying, title: "an entry that another copier writes meanwhile is not overwritten" },
    },
  ]),
  ...inFile("site/state-copies/stale.ts", [
    {
      name: "return: an older state wins",
      from: 'if (!winner.history.has(loser.newest)) return "its history does not have the last update of the other";',
      to: "",
      killedBy: {
        file: "test/commands/state/fallback.test.ts",
        title: "clocks do not decide where the history does",
      },
    },
  ]),
];
