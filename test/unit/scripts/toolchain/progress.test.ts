import { formatSeconds, StepLine } from "../../../../scripts/toolchain/progress";
import { MemoryScreen } from "./scratch";

test("without a terminal: a line for each step, and one every 15 seconds in a long one", () => {
  const screen = new MemoryScreen();
  const progress = new StepLine(screen);
  progress.begin("pulumi: building");
  for (screen.milliseconds = 0; screen.milliseconds < 40_000; screen.milliseconds += 1_000) {
    progress.update(`${screen.milliseconds / 1000} packages`);
  }
  progress.say("pulumi: done");
  expect(screen.text.split("\n")).toEqual([
    "pulumi: building",
    "pulumi: building, 15 packages, 15 s",
    "pulumi: building, 30 packages, 30 s",
    "pulumi: done",
    "",
  ]);
});

test("on a terminal one line is written again, at most four times a second", () => {
  const screen = new MemoryScreen(true);
  const progress = new StepLine(screen);
  progress.begin("step");
  for (screen.milliseconds = 0; screen.milliseconds < 1_000; screen.milliseconds += 10) {
    progress.update("more");
  }
  expect(screen.text).not.toContain("\n");
  expect(screen.text.split("\r").length - 2).toBe(3);
  progress.say("done");
  expect(screen.text.endsWith("\r\u001b[Kdone\n")).toBe(true);
});

test.each([
  [8.4, "8 s"],
  [59.6, "1 min 00 s"],
  [125, "2 min 05 s"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
