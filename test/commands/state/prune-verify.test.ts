import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalContents } from "../../../scripts/recovery/engine/journal-contents";
import { pruneStatePlanSchema } from "../../../scripts/recovery/prune-state/plan";
import { killAt } from "../support/kill-at";
import { rewriteJournal } from "../support/rewrite-journal";
import type { Update } from "../support/site/backend";
import { withForgedCommand } from "../../support/state/forged";
import { HistorySite } from "./history-site";

/** `state prune` and `verify --state`, on a backend in a folder. */

let site: HistorySite;
let updates: Update[];
const web = { name: "web", id: "9101", secret: "swordfish swordfish" };
const presentKey = ".pulumi/stacks/shop/prod.json";

beforeEach(() => {
  site = HistorySite.inFolder();
  updates = [1, 2, 3, 4].map((number) => site.update({ resources: [web] }, { message: `update ${String(number)}` }));
});

afterEach(() => site.stop());

const prune = (...flags: string[]) => site.lifeboat(["state", "prune", "prod", ...flags]);
const verify = (...flags: string[]) => site.lifeboat(["verify", "--state", ...flags]);
const keys = (): string[] => [...site.backend.picture().keys()];

/** A journal of `state prune --keep 3` as the version before wrote it. */
function pruningBefore({ id, startedAt, updatedAt, plan }: JournalContents): unknown {
  const { where, remove, bytes, oldest } = pruneStatePlanSchema.parse(plan);
  return {
    version: 1,
    id,
    state: "open",
    startedAt,
    updatedAt,
    steps: { remove: { state: "started", startedAt, facts: {}, findings: [] } },
    kind: "prune-state",
    command: "lifeboat state prune prod --keep 3 --force",
    request: { keep: "3" },
    inputs: {},
    plan: {
      environment: "prod",
      where,
      remove,
      bytes,
      updates: { remove: 1, keep: 3 },
      backups: { remove: 1, keep: 3 },
      saved: { remove: 0, keep: 0 },
      spared: 0,
      oldest,
      versioned: false,
    },
  };
}

/** Done once, when the plan is made and its journal begins. */
const pruneMeanwhile = (change: () => void) => {
  let isDone = false;
  return site.lifeboat(["state", "prune", "prod", "--keep", "2", "--force"], {
    onWrite: ({ moment }) => {
      if (moment !== "before" || isDone) return;
      isDone = true;
      change();
    },
  });
};

describe("state prune", () => {
  test("shows what goes, and removes it after consent [K1]", async () => {
    const before = site.backend.picture();
    const dry = await prune("--keep", "2", "--dry-run");
    expect([dry.code, site.backend.picture()]).toEqual([0, before]);
    expect(dry.stdout).toMatch(/updates \(entry and checkpoint\)\s+2\s+2/u);
    expect((await prune("--keep", "2")).code).toBe(2);
    expect(site.backend.picture()).toEqual(before);
    expect((await prune("--keep", "2", "--force")).code).toBe(0);
    const [first, second, third, fourth] = updates;
    for (const gone of [first, second]) expect(keys()).not.toContain(gone?.key);
    for (const gone of [first, second]) expect(keys()).not.toContain(gone?.entryKey);
    for (const stays of [third, fourth]) expect(keys()).toContain(stays?.key);
    expect(keys().filter((key) => key.includes("/backups/"))).toHaveLength(2);
    expect(site.backend.picture().get(presentKey)).toBe(before.get(presentKey));
    const again = await prune("--keep", "2", "--force");
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("Nothing of prod is older")]);
  });

  test("a state that is damaged while the plan stands: its history is needed, and nothing is removed [K1, K4]", async () => {
    const before = keys();
    const { code, stderr } = await pruneMeanwhile(() => site.backend.put(presentKey, "{"));
    expect([code, keys()]).toEqual([13, before]);
    expect(stderr).toContain("its history is needed");
  });

  test("a state that becomes an old one while the plan stands: that update stays, and it is said [K1, K4]", async () => {
    const [first, second] = updates;
    const { code, stdout } = await pruneMeanwhile(() => {
      site.backend.put(presentKey, readFileSync(join(site.folder, "backend", first?.key ?? "")));
    });
    expect([code, keys()]).toEqual([0, expect.arrayContaining([first?.key, first?.entryKey])]);
    expect(keys()).not.toContain(second?.key);
    expect(stdout.replaceAll(/\s+/gu, " ")).toContain("of the plan are gone already, or needed by now");
  });

  test.each([
    ["by the same words", "3", false],
    ["by others", "2", false],
    ["by a journal of the version before", "3", true],
  ])("interrupted: what is left is planned anew, %s [K4]", async (_, keep, rewritten) => {
    const picture = site.backend.picture();
    expect(
      (await site.lifeboat(["state", "prune", "prod", "--keep", "3", "--force"], killAt("after", 2))).code,
    ).toBeNull();
    expect(site.backend.picture()).toEqual(picture);
    const shown = await site.lifeboat(["abandon", "prod", "--dry-run", "--json"]);
    expect(JSON.parse(shown.stdout).plan.operations[0].leaves).toEqual([
      {
        about: "pruning of the state's history of prod",
        is: "stopped in 'remove'; what that did stays, and was not looked at",
        known: false,
        next: "lifeboat restore state prod --list",
      },
    ]);
    if (rewritten) rewriteJournal(site.stateFolder(), pruningBefore);
    const other = await site.lifeboat(["restore", "state", "prod", "--to", "2026-11-01", "--force"]);
    expect([other.code, other.stderr]).toEqual([
      11,
      expect.stringMatching(
        /: a pruning of the state's history of prod, begun at .*\nHINT: resume it: .* --keep 3 --force; or, if it cannot be ended: lifeboat abandon prod\n/u,
      ),
    ]);
    const dry = await prune("--keep", keep, "--dry-run", "--json");
    expect(JSON.parse(dry.stdout).plan).toMatchObject({ steps: [{ id: "remove" }], flags: ["--force"] });
    expect(JSON.parse(site.journals()[0] ?? "").state).toBe("open");
    const result = await prune("--keep", keep, "--force");
    expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("what is left of it is planned anew")]);
    expect(
      site
        .journals()
        .map((text) => JSON.parse(text).state)
        .sort(),
    ).toEqual(["done", "given-up"]);
    expect(keys().filter((key) => key.includes(".checkpoint."))).toHaveLength(Number(keep));
  });

  test("the last good update and the one that is present stay, however old they are", async () => {
    site.update({ resources: [web] }, { result: "failed" });
    const [first, , , good] = updates;
    site.backend.put(presentKey, first?.checkpoint ?? "", site.builder.next());
    expect((await prune("--keep", "1s", "--force")).code).toBe(0);
    const history = keys().filter((key) => key.includes(".checkpoint."));
    expect(history).toEqual([first?.key, good?.key]);
  });

  test("a destruction that succeeded is not all that stays: the newest with resources does, too", async () => {
    const last = site.update({ resources: [] }, { message: "destroy" });
    expect((await prune("--keep", "1", "--force")).code).toBe(0);
    expect(keys().filter((key) => key.includes(".checkpoint."))).toEqual([updates.at(-1)?.key, last.key]);
  });

  test("in a folder this machine's clock may be ahead: age is counted from the newest that lies there", async () => {
    const before = site.backend.picture();
    const { code, stdout } = await prune("--keep", "1d", "--force");
    expect([code, stdout]).toEqual([0, expect.stringContaining("Nothing of prod is older")]);
    expect(site.backend.picture()).toEqual(before);
  });

  test.each([
    [[], "--keep is missing"],
    [["--keep", "0"], "neither an age nor a number"],
  ])("%j: 2", async (flags, why) => {
    const result = await prune(...flags);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(why)]);
  });
});

describe("verify --state", () => {
  test("all are good: 0 [G1]", async () => {
    const result = await verify("--json");
    expect(result.code).toBe(0);
    // Of each update the entry and the checkpoint; its copy and the present one are the same, byte by byte.
    expect(JSON.parse(result.stdout).stacks).toMatchObject([{ environment: "prod", checked: 8, copies: 5, bad: [] }]);
  });

  test("secrets that a service outside keeps were not tried: no state that has them is called good [G1, K2]", async () => {
    const keeper = { type: "awskms", state: { url: "awskms:///alias/state" } };
    for (const { key, checkpoint } of updates) {
      const state = JSON.parse(checkpoint.toString());
      state.checkpoint.latest.secrets_providers = keeper;
      site.backend.put(key, JSON.stringify(state));
    }
    const consented = { env: { LIFEBOAT_ALLOW_STATE_PARTS: "secrets_providers" } };
    const tried = (...flags: string[]) => site.lifeboat(["verify", "--state", ...flags], consented);
    const { code, stdout } = await tried();
    expect([code, stdout]).toEqual([3, expect.stringMatching(/^! prod: .*SECRETS WERE NOT TRIED\n/u)]);
    expect(stdout).toMatch(/not tried: its secrets are kept by awskms/u);
    expect(stdout).not.toMatch(/✓|all are good/u);
    const [stack] = JSON.parse((await tried("--json")).stdout).stacks;
    expect(stack).toMatchObject({ bad: [], notOpened: ["its secrets are kept by awskms"] });
  });

  test.each<[string, (update: Update) => string, string]>([
    ["cut off", ({ checkpoint }) => checkpoint.toString().slice(0, 300), "not JSON, or cut off"],
    [
      "of another stack",
      () => site.builder.checkpoint({ resources: [], stack: "organization/shop/lab" }),
      "organization/shop/lab",
    ],
    ["of a newer version", () => site.builder.checkpoint({ resources: [], version: 9 }), "newer than"],
    [
      "dangling",
      () => site.builder.checkpoint({ resources: [{ ...web, dependsOn: ["gone"] }] }),
      "its dependency gone (proxmoxve:index/containerLegacy:ContainerLegacy) is not there",
    ],
    [
      "with a secret of another key",
      ({ checkpoint }) =>
        checkpoint.toString().replace(/"ciphertext":"[^"]*"/u, `"ciphertext":"v1:AAAAAAAAAAAAAAAA:${"A".repeat(32)}"`),
      "1 of its secrets cannot be opened",
    ],
    ["empty", () => "", "it is empty"],
    [
      "with what the program never makes",
      ({ checkpoint }) => withForgedCommand(checkpoint.toString()),
      "command:local:Command::evil: the program makes nothing of the type command:local:Command",
    ],
  ])("one that is %s turns it red: 3, and is named [G1]", async (_, content, why) => {
    const [, second] = updates;
    if (second === undefined) throw new Error("There is no update.");
    site.backend.put(second.key, content(second));
    const result = await verify("prod");
    expect(result.code).toBe(3);
    expect(result.stdout).toContain("1 is bad");
    expect(result.stdout).toContain(second.key);
    expect(result.stdout).toContain(why);
    expect(result.stderr).toContain("HINT: bring an earlier state of prod back: lifeboat restore state prod --list\n");
    expect(result.stdout + result.stderr).not.toContain("swordfish");
  });

  test("a damaged history entry is named too [G1]", async () => {
    const [first] = updates;
    site.backend.put(first?.entryKey ?? "", "{");
    const result = await verify();
    expect([result.code, result.stdout]).toEqual([3, expect.stringContaining("no history entry")]);
  });

  test("an entry that was altered and is still one is not what was written; nothing is said where nothing was noted [G1]", async () => {
    const path = join(site.folder, "backend", updates[0]?.entryKey ?? "");
    writeFileSync(path, readFileSync(path, "utf8").replace("update 1", "update 7"));
    const altered = await verify("prod");
    expect([altered.code, altered.stdout]).toEqual([3, expect.stringContaining("1 is bad")]);
    expect(altered.stdout).toContain("it is not what was written");
    rmSync(`${path}.attrs`);
    expect((await verify("prod")).code).toBe(0);
  });

  test("a wrong passphrase opens none of them; without one nothing is said of them [G1]", async () => {
    const wrong = await site.lifeboat(["verify", "--state"], { env: { PULUMI_CONFIG_PASSPHRASE: "apple pie" } });
    expect([wrong.code, wrong.stdout]).toEqual([3, expect.stringContaining("the passphrase does not open the state")]);
    expect(wrong.stdout).not.toContain("bad");
    const file = join(site.folder, "another");
    writeFileSync(file, "apple pie");
    const named = await site.lifeboat(["verify", "--state", "prod"], {
      env: { PULUMI_CONFIG_PASSPHRASE_FILE_PROD: file },
    });
    expect([named.code, named.stdout]).toEqual([12, ""]);
    expect(named.stderr).toContain("no state of prod can be opened: the passphrase does not open the state");
    expect(named.stderr).toContain(`(from PULUMI_CONFIG_PASSPHRASE_FILE_PROD: ${file})`);
    expect(named.stderr).toContain("HINT: set PULUMI_CONFIG_PASSPHRASE_FILE_PROD to the passphrase of prod");
    const none = await site.lifeboat(["verify", "--state"], { env: { PULUMI_CONFIG_PASSPHRASE_FILE: undefined } });
    expect(none.code).toBe(12);
  });

  test("no state: 10 where one was named", async () => {
    const env = { PULUMI_BACKEND_URL: `file://${site.folder}/nothing` };
    expect((await site.lifeboat(["verify", "--state", "prod"], { env })).code).toBe(10);
    const all = await site.lifeboat(["verify", "--state"], { env });
    expect([all.code, all.stdout]).toEqual([0, expect.stringContaining("prod: no state yet")]);
  });

  test("nothing is changed by it", async () => {
    const before = site.backend.picture();
    await verify();
    expect(site.backend.picture()).toEqual(before);
  });
});
