import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mergeDemands } from "../../../../../scripts/recovery/engine/merge-demands";
import { StateFolder } from "../../../../../scripts/recovery/engine/state-folder";

const stop = (guest: string) => ({
  flag: "--stop",
  reason: `${guest} is running`,
  question: `${guest} runs. Stop it?`,
});

const noWay = (guest: string) => ({
  flag: "--without-save-point",
  reason: "no way back",
  question: "?",
  typed: guest,
});

test("demands of a batch become one question for each kind of loss, the plan's own last", () => {
  const force = { flag: "--force", reason: "not confirmed", question: "Overwrite?" };
  const members = [
    { name: "web", demands: [stop("web"), noWay("web"), force], given: { "--without-save-point": "web" } },
    { name: "db", demands: [stop("db"), noWay("db"), force], given: { "--without-save-point": true } },
    { name: "mail", demands: [noWay("mail"), force], given: {} },
  ];
  const merged = mergeDemands(members, "Restore these guests: web, db, mail?");
  expect(merged).toEqual([
    { flag: "--stop", reason: "web is running; db is running", question: "web runs. Stop it? db runs. Stop it?" },
    {
      flag: "--without-save-point",
      reason: "db: no way back; mail: no way back",
      question: "db: ? mail: ?",
      typed: "db,mail",
    },
    { flag: "--force", reason: "the plan is not confirmed", question: "Restore these guests: web, db, mail?" },
  ]);
  expect(mergeDemands([{ name: "web", demands: [force], given: {} }], undefined)).toEqual([]);
});

test("a bundle begins the journals that a killed process did not get to, and knows the others' states [K4]", () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bundle-"));
  try {
    const state = new StateFolder(
      { environment: "prod", endpoint: "https://192.0.2.11:8006" },
      { XDG_STATE_HOME: folder },
    );
    const parts = [101, 102].map((id) => ({
      site: state.site,
      journal: state.opening({
        kind: "restore-guest",
        command: "lifeboat restore guest",
        guest: { environment: "prod", name: `g${id}`, id, node: "pve" },
        request: {},
        inputs: {},
        plan: {},
      }),
    }));
    state.bundles.begin({ command: "lifeboat restore guest g101 g102", request: {}, parts });
    expect(state.journalsOf({ kind: "guest", id: 101 })).toEqual([]);
    const [opened] = state.bundles.open();
    const [first, second] = opened?.journals() ?? [];
    expect(first?.begin?.().setState("done")).toBeUndefined();
    second?.begin?.();
    expect(state.journalsOf({ kind: "guest", id: 101 })[0]?.contents.state).toBe("done");
    expect(opened?.journals().map(({ journal }) => journal.contents.state)).toEqual(["done", "open"]);
    opened?.end();
    expect(state.bundles.open()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
