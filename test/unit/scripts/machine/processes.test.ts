import { spawnSync } from "node:child_process";
import { hasEnded, processIdentity, processPlace } from "../../../../scripts/machine/processes";

const here = { boot: "now", namespace: "pid:[4026531836]", machine: "desk" };
const ended = spawnSync(process.execPath, ["-e", "0"]).pid;
const inContainer = "pid:[4026532999]";

test("a process of this boot and namespace is told by its id and its start [E3, K6]", () => {
  const own = processPlace();
  expect(hasEnded(process.pid, processIdentity(process.pid) ?? "", own)).toBe(false);
  expect(hasEnded(process.pid, "another 1", own)).toBe(true);
  expect(hasEnded(ended, "another 1", own)).toBe(true);
});

test.each([
  ["the machine was started anew", { ...here, boot: "before" }, here, true],
  ["another machine of this name was", { ...here, boot: "before", machine: "other" }, here, false],
  ["one without an id was", { ...here, boot: "before", machine: "" }, { ...here, machine: "" }, false],
  ["it was in a container", { ...here, namespace: inContainer }, here, false],
  ["this is a container", here, { ...here, namespace: inContainer }, false],
  [
    "a container was started anew",
    { ...here, boot: "before", namespace: inContainer },
    { ...here, namespace: inContainer },
    false,
  ],
  ["nobody noted where", undefined, here, false],
] as const)("%s: whether it has ended [E3, K6]", (_, place, now, expected) => {
  expect(hasEnded(ended, "another 1", place, now)).toBe(expected);
});
