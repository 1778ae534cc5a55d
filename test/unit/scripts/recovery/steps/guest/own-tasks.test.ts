import type { Journal } from "../../../../../../scripts/recovery/engine/journal";
import type { Facts } from "../../../../../../scripts/recovery/engine/step";
import { isOwn } from "../../../../../../scripts/recovery/steps/guest/own-tasks";

const upidOf = (number: number, type: string, id: string): string =>
  `UPID:pve:0000000${String(number)}:0007F14C:6B00B3ED:${type}:${id}:lifeboat@pve!cli:`;
const taskOf = (number: number, type = "vzrestore", id = "901") => ({ upid: upidOf(number, type, id), type, id });

/** Whether a task is one of an operation on guest 101 whose only step has noted these facts. */
const own = (task: ReturnType<typeof taskOf>, facts: Facts): boolean =>
  isOwn(task, { contents: { guest: { id: 101 }, steps: { restore: { facts } } } } as unknown as Journal);

const asked = { knownTasks: taskOf(1).upid, task: "pve vzrestore 901", asked: true, sent: true };

test.each([
  ["its answer did not come back", taskOf(2), asked, true],
  ["the node had it before it was asked", taskOf(1), asked, false],
  ["of another type", taskOf(2, "vzdump"), asked, false],
  ["on another guest", taskOf(2, "vzrestore", "101"), asked, false],
  ["its answer came back", taskOf(2), { ...asked, upid: taskOf(2).upid }, true],
  ["another's of the same type since", taskOf(3), { ...asked, upid: taskOf(2).upid }, false],
  ["it failed", taskOf(2), { ...asked, asked: false, failedTask: taskOf(2).upid }, true],
  [
    "asked for again after one that failed",
    taskOf(3),
    { ...asked, knownTasks: taskOf(2).upid, upid: taskOf(2).upid, failedTask: taskOf(2).upid },
    true,
  ],
  ["a journal that says no more than that one was asked for", taskOf(2, "vzstart", "101"), { asked: true }, true],
])("a task is the operation's own: %s [K4]", (_, task, facts, wanted) => {
  expect(own(task, facts)).toBe(wanted);
});
