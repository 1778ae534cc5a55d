import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath } from "../../../../site/settings/problem";
import { whyCommandFails } from "../../../../site/settings/values/checks";
import { containerOf, environmentOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const drill = { bridge: "vmbr9", ids: { from: 9000, to: 9099 } };

function problemsOf(raw: unknown): string[] {
  const parsed = parseSettings(raw, { environment: "prod" });
  return parsed.ok
    ? []
    : parsed.problems.map(({ path, message }) => `${formatPath(path).slice("lifeboat:".length)}: ${message}`);
}

function withGuests(guests: Readonly<Record<string, object>>) {
  return { ...exampleSettings(), drill, guests: { web: exampleContainer(), ...guests } };
}

test("a drill has a bridge, ids of its own, and a time for its timer [G2, A6]", () => {
  expect(environmentOf({ ...exampleSettings(), drill }).drill).toEqual({ ...drill, at: "sun 04:00" });
  const own = { ...drill, at: "mon,fri 03:30", storage: "local" };
  expect(environmentOf({ ...exampleSettings(), drill: own }).drill).toEqual(own);
  expect(environmentOf(exampleSettings()).drill).toBeUndefined();
});

test.each([
  [{ ...drill, ids: { from: 9100, to: 9099 } }, ["drill.ids.to: lower than from"]],
  [{ ...drill, ids: { from: 100_000, to: 999_999 } }, ["drill.ids.to: too many ids"]],
  [{ ...drill, at: "sometimes" }, ["drill.at: not a time"]],
  [{ ids: drill.ids }, ["drill.bridge: missing"]],
])("%j is refused [G2, A6]", (given, problems) => {
  expect(problemsOf({ ...exampleSettings(), drill: given })).toEqual(problems);
});

test("no guest, made or adopted, may have an id that copies of a drill have: they are destroyed [G2]", () => {
  expect(problemsOf(withGuests({ by: { adopt: 9000 }, beyond: { adopt: 9100 } }))).toEqual([
    "guests.by.adopt: the id is one of those for the copies of a drill",
  ]);
  const made = { ...exampleSettings(), drill, guests: { web: { ...exampleContainer(), id: 9099 } } };
  expect(problemsOf(made)).toEqual(["guests.web.id: the id is one of those for the copies of a drill"]);
});

test("what a guest needs is another guest, and none that needs it in turn [G2, A6]", () => {
  expect(problemsOf(withGuests({ app: { adopt: 200, needs: ["web"] } }))).toEqual([]);
  expect(problemsOf(withGuests({ app: { adopt: 200, needs: ["nobody"] } }))).toEqual([
    "guests.app.needs[0]: there is no guest nobody",
  ]);
  const circle = { a: { adopt: 200, needs: ["b"] }, b: { adopt: 201, needs: ["c"] }, c: { adopt: 202, needs: ["a"] } };
  expect(problemsOf(withGuests(circle))).toEqual([
    "guests.a.needs[0]: b needs a in turn",
    "guests.b.needs[0]: c needs b in turn",
    "guests.c.needs[0]: a needs c in turn",
  ]);
  expect(problemsOf(withGuests({ own: { adopt: 200, needs: ["own"] } }))).toEqual([
    "guests.own.needs[0]: a guest cannot need itself",
  ]);
});

test("a check may be a command with its exit code and its output [G2, D1]", () => {
  const wanted = [
    { command: "systemctl is-active db", output: "/^active$/" },
    { command: "false", exit: 1 },
    "http:/=200",
  ];
  expect(containerOf({ checks: wanted }).checks).toEqual([
    { kind: "command", command: "systemctl is-active db", exit: 0, output: "/^active$/" },
    { kind: "command", command: "false", exit: 1 },
    { kind: "http", port: 80, path: "/", status: 200 },
  ]);
  const wrong = [{ command: "a\nb" }, { command: "true", output: "/(/" }, { run: "true" }];
  expect(problemsOf(withGuests({ by: { adopt: 200, checks: wrong } }))).toEqual([
    "guests.by.checks[0].command: not a command",
    "guests.by.checks[1].output: not an output",
    "guests.by.checks[2].command: missing",
    "guests.by.checks[2].run: unknown key",
  ]);
});

test.each([
  [{ exit: 0 }, { code: 0, printed: "" }, undefined],
  [{ exit: 0 }, { code: 3, printed: "" }, "it ended with 3, not with 0"],
  [{ exit: 0 }, { code: undefined, printed: "" }, "it ended with a signal, not with 0"],
  [{ exit: 1, output: "a.c" }, { code: 1, printed: "abc" }, "its output does not contain 'a.c'"],
  [{ exit: 0, output: "/^a.c$/" }, { code: 0, printed: "x\nabc\n" }, undefined],
  [{ exit: 0, output: "/^ac$/" }, { code: 0, printed: "abc" }, "its output does not match /^ac$/"],
])("a command that is to end with %j and ends with %j [G2]", (wanted, end, why) => {
  expect(whyCommandFails(wanted, end)).toBe(why);
});
