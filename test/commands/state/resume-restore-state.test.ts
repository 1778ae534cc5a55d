import { restoreStatePlanSchema } from "../../../scripts/recovery/restore-state/plan";
import { rewriteJournal } from "../support/rewrite-journal";
import type { KillMoment } from "../support/run-bundle";
import { digestOf, type Update } from "../support/site/backend";
import { HistorySite } from "./history-site";

/** A restore of a state that was killed half-way. That it is ended wherever it is killed is shown in `kill/states.test.ts`. */

const web = { name: "web", id: "9101" };
const presentKey = ".pulumi/stacks/shop/prod.json";
let site: HistorySite;
let first: Update;
let second: Update;

beforeAll(() => {
  site = HistorySite.inFolder();
  first = site.update({ resources: [web] }, { packed: true });
  second = site.update({ resources: [web, { name: "db", id: "9102" }] });
});

afterAll(() => site.stop());

/** Back to the second state, with nothing saved and no locks. */
function reset(): void {
  const { backend } = site;
  for (const key of backend.picture().keys()) {
    if (/^\.lifeboat|\/locks\/|\/stacks\//u.test(key)) backend.remove(key);
  }
  backend.put(presentKey, second.checkpoint);
}

/** What became of the state. */
function look() {
  const picture = site.backend.picture();
  const keys = [...picture.keys()];
  return {
    packed: picture.get(`${presentKey}.gz`) === digestOf(first.checkpoint),
    plain: picture.get(presentKey) === digestOf(second.checkpoint),
    saved: keys
      .filter((key) => key.startsWith(".lifeboat"))
      .map((key) => picture.get(key) === digestOf(second.checkpoint)),
    locks: keys.filter((key) => key.includes("/locks/")).length,
    state: JSON.parse(site.journals()[0] ?? "{}").state,
  };
}

const ended = { packed: true, plain: false, saved: [true], locks: 0, state: "done" };

async function killed(killAt: KillMoment, id: string) {
  reset();
  const argv = ["restore", "state", "prod", "--to", id, "--force"];
  const run = await site.lifeboat(argv, { killAt });
  return { argv, code: run.code };
}

test("while it has not ended another restore is refused, and told how to go on [K4]", async () => {
  const id = await site.idOf(first);
  const { argv, code } = await killed("after 8", id);
  expect(code).toBe(null);
  const other = await site.lifeboat(["restore", "state", "prod", "--to", "2026-11-01", "--force"]);
  expect([other.code, other.stderr]).toEqual([11, expect.stringContaining(`resume it: lifeboat ${argv.join(" ")}`)]);
  const left = await site.lifeboat(["abandon", "prod", "--dry-run", "--json"]);
  expect(JSON.parse(left.stdout).plan.operations[0].leaves).toEqual([
    {
      about: "restore of the state of prod",
      is: expect.stringMatching(/^has done lock, .*; what that did stays, and was not looked at$/u),
      known: false,
      next: "lifeboat restore state prod --list",
    },
    { about: expect.stringMatching(/^file \//u), is: "stays", known: true },
    {
      about: "Pulumi's lock of prod",
      is: expect.stringMatching(/^stays: by \S+ \(process \d+\) since /u),
      known: true,
      next: 'eval "$(lifeboat env prod)" && pulumi cancel --yes -s prod',
    },
  ]);
  const dry = await site.lifeboat([...argv.slice(0, -1), "--dry-run"]);
  expect([dry.code, dry.stdout]).toEqual([
    0,
    expect.stringContaining("Would resume the restore of the state of prod begun at"),
  ]);
  expect((await site.lifeboat(argv)).code).toBe(0);
  expect(look()).toEqual(ended);
});

test("what a time means is looked up again as long as nothing is written [K4]", async () => {
  const [, nanos = ""] = /prod-(\d+)\./u.exec(first.key) ?? [];
  const moment = new Date(Number(BigInt(nanos) / 1_000_000n) + 2_000).toISOString();
  const { argv, code } = await killed("after 8", moment);
  expect(code).toBe(null);
  // An update of which nobody knew: its entries come back from a copy.
  const later = (key: string): string => key.replace(nanos, String(BigInt(nanos) + 1_000_000_000n));
  const text = site.builder.checkpoint({ resources: [web, { name: "mail", id: "9103" }] });
  const keys = [...site.backend.picture().keys()].filter((key) => key.includes(`/history/shop/prod/prod-${nanos}.`));
  for (const key of keys) site.backend.put(later(key).replace(".gz", ""), entryOf(key, text));
  const again = await site.lifeboat(argv);
  for (const key of keys) site.backend.remove(later(key).replace(".gz", ""));
  expect([again.code, again.stderr]).toEqual([
    0,
    expect.stringMatching(/is not resumed, because '.*' means another restore point now: \S+; it is taken back/u),
  ]);
  expect(site.backend.picture().get(presentKey)).toBe(digestOf(Buffer.from(text)));
  expect(look()).toMatchObject({ saved: [true], locks: 0, state: "done" });
});

function entryOf(key: string, checkpoint: string): Buffer {
  return Buffer.from(key.includes(".history.") ? site.builder.entry("", "succeeded") : checkpoint);
}

test("a journal of the version before is resumed [K4]", async () => {
  const id = await site.idOf(first);
  const { code } = await killed("after 8", id);
  expect(code).toBe(null);
  rewriteJournal(site.stateFolder(), ({ id: operation, startedAt, updatedAt, steps, inputs, plan }) => {
    const { where, point, present } = restoreStatePlanSchema.parse(plan);
    const ended = { startedAt, findings: [], finishedAt: updatedAt, seconds: 0.05 };
    const { key = "", file = "" } = present?.kept ?? {};
    return {
      version: 1,
      id: operation,
      state: "open",
      startedAt,
      updatedAt,
      steps: {
        lock: { state: "done", facts: { lock: steps["lock"]?.facts["lock"] }, ...ended },
        keep: { state: "done", facts: { key, file, bytes: 1243 }, ...ended },
        recheck: { state: "started", startedAt, facts: {}, findings: [] },
      },
      kind: "restore-state",
      command: `lifeboat restore state prod --to ${id} --force`,
      request: { to: id },
      inputs: {
        "the present state": inputs["the present state"],
        "the restore point": inputs["the restore point"],
        "the place of the state": inputs["the place of the state"],
      },
      plan: {
        environment: "prod",
        where,
        point: {
          id,
          source: "history",
          time: 1793529000000.123,
          key: point.key,
          sha256: digestOf(first.checkpoint),
          halfWritten: false,
        },
        present: { key: presentKey, sha256: digestOf(second.checkpoint), kept: { key, id: present?.kept.id, file } },
        target: `${presentKey}.gz`,
        others: [presentKey],
        forgotten: [
          {
            urn: "urn:pulumi:prod::shop::lifeboat:guests:Container$proxmoxve:index/containerLegacy:ContainerLegacy::db",
            name: "db",
            type: "proxmoxve:index/containerLegacy:ContainerLegacy",
            id: "9102",
          },
        ],
        underWay: [],
      },
    };
  });
  const again = await site.lifeboat(["restore", "state", "prod", "--to", id, "--force"]);
  expect([again.code, again.stderr]).toEqual([
    0,
    expect.stringContaining("it stopped in step 'Check that nothing has changed'. Still to do:"),
  ]);
  expect(look()).toEqual(ended);
});
