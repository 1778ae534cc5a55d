import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { S3Server } from "../../support/s3-server";
import { toldForged, withForgedCommand } from "../../support/state/forged";
import { startOf } from "../../../scripts/machine/processes";
import { killAt } from "../support/kill-at";
import { rewriteJournal } from "../support/rewrite-journal";
import { passphrase, startStore, UpSite } from "./up-site";
import { processPlace } from "../../../scripts/machine/processes";

let folder: string;
let store: S3Server;
let site: UpSite;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-up-store-"));
  store = await startStore(folder);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const up = (...words: string[]) => site.lifeboat(["up", ...words, "--force"]);
/** Exit code of `up`, and what it has begun. */
async function upHere(...words: string[]) {
  const { code, stderr } = await up(...words);
  return { code, stderr, begun: site.localFiles(".pulumi/stacks/site"), asked: site.pulumiRuns() };
}

const checkpoint = (name: string) => `.pulumi/stacks/site/${name}.json`;

/** A lock as Pulumi writes it. */
function lock(pid: number, host: string): string {
  return JSON.stringify({ pid, username: "ops", hostname: host, timestamp: "2026-11-20T10:00:00Z" });
}

describe("a site on which nothing is yet", () => {
  let number = 0;

  beforeEach(() => {
    number += 1;
    site = UpSite.create(store, String(number));
  });

  afterEach(() => site.stop());

  test("one command: the store's stack begins here and moves, the others begin there; again: nothing [B3, B6, 002 P2]", async () => {
    const { code, stdout, stderr } = await up();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(site.pulumiRuns().filter((run) => !/ (?:preview|stack export)$/u.test(run))).toEqual([
      "monitoring stack init",
      "monitoring up",
      "monitoring stack migrate",
      "prod stack init",
      "prod up",
    ]);
    expect(site.picture()).toMatchObject({
      stored: {
        monitoring: [{ key: checkpoint("monitoring"), resources: ["metrics", "store"], pending: 0 }],
        prod: [{ key: checkpoint("prod"), resources: ["web", "db"], pending: 0 }],
      },
      live: [],
      archived: ["monitoring-TIME.json"],
      files: ["Pulumi.monitoring.yaml", "Pulumi.prod.yaml", "Pulumi.yaml", "program.json", "s3-ca.pem", "site-ca.pem"],
      scratch: [],
    });
    expect(site.read("Pulumi.prod.yaml")).toContain("lifeboat:profile:   prod   # as it is\n");
    expect(stdout + stderr).not.toMatch(/not-a-secret/u);

    const before = {
      picture: site.picture(),
      texts: site.read("Pulumi.prod.yaml"),
      contents: store.contents(site.bucket("prod")),
    };
    const again = await up();
    expect(again).toMatchObject({ code: 0, stdout: "Everything is as the settings say; nothing was changed.\n" });
    expect(site.pulumiRuns()).toEqual(["monitoring preview", "prod preview"]);
    expect({
      picture: site.picture(),
      texts: site.read("Pulumi.prod.yaml"),
      contents: store.contents(site.bucket("prod")),
    }).toEqual(before);
  });

  test("a state of which no copy could be made is a problem: 3, and what copies it; then all is well [E6, K2]", async () => {
    await up();
    const copies = site.dataPath("state-copies");
    renameSync(copies, `${copies}-away`);
    writeFileSync(copies, "no folder");
    site.program({ prod: ["web", "db", "mail"] });
    const { code, stdout } = await up("prod");
    const said = stdout.replace(/\s+/gu, " ");
    expect([code, said]).toEqual([
      3,
      expect.stringMatching(/PROBLEM: .*copy the state of prod.* mend it with: lifeboat backup state prod/u),
    ]);
    rmSync(copies);
    renameSync(`${copies}-away`, copies);
    expect(await site.lifeboat(["backup", "state", "prod"])).toMatchObject({ code: 0 });
    expect(await up("prod")).toMatchObject({ code: 0 });
  });

  test("a dry run shows every step and writes nothing; without an answer nothing is done either [K1]", async () => {
    const before = site.picture();
    const { code, stdout } = await site.lifeboat(["up", "--dry-run"]);
    expect(code).toBe(0);
    expect(stdout).toContain("pulumi stack migrate: copy its state from this machine into the state store");
    expect((await site.lifeboat(["up"])).code).toBe(2);
    expect(site.picture()).toEqual(before);
    expect(site.pulumiRuns()).toEqual([]);
  });

  test("a state with what the program never makes is handed to no pulumi [N2]", async () => {
    await up();
    site.pulumiRuns();
    const [bucket, key] = [site.bucket("prod"), checkpoint("prod")];
    store.put(bucket, key, withForgedCommand(store.contents(bucket).get(key) ?? ""));
    expect(await up("prod")).toMatchObject({ code: 13, stderr: toldForged() });
    expect(site.pulumiRuns()).toEqual([]);
  });

  test("a state that somebody writes after the plan, the same one too, is handed to no update [K4, N2]", async () => {
    await up();
    site.pulumiRuns();
    site.program({ prod: ["web", "db", "mail"], rewritten: { prod: true } });
    const refused = await up("prod");
    expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("its state since the plan was made") });
    expect(site.pulumiRuns()).toEqual(["prod preview"]);
    site.program({ prod: ["web", "db", "mail"] });
    expect(await up("prod")).toMatchObject({ code: 0 });
  });

  test("nor is one to which somebody puts back the planned state as soon as pulumi has read another [K4, N2]", async () => {
    await up();
    const before = site.stored("prod");
    site.pulumiRuns();
    site.program({ prod: ["web", "db", "mail"], swapped: { prod: true } });
    const refused = await up("prod");
    expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("its state since this update began") });
    expect(site.pulumiRuns()).toContain("prod up");
    expect(site.stored("prod")).toEqual(before);
    site.program({ prod: ["web", "db", "mail"] });
    expect(await up("prod")).toMatchObject({ code: 0 });
  });

  test("one environment by name brings the store first where it needs it, and only then [B3]", async () => {
    expect(await up("prod")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    expect(site.picture()).toMatchObject({
      archived: ["monitoring-TIME.json"],
      stored: { prod: [{ resources: ["web", "db"] }] },
    });
    site.pulumiRuns();
    site.program({ prod: ["web", "db", "mail"], monitoring: ["metrics", "store", "more"] });
    const { code, stdout } = await up("prod");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("prod: create 1") });
    expect(site.pulumiRuns()).toEqual(["prod preview", "prod up", "prod stack export"]);
  });

  test("a refusal at the first update: nothing moves, and the others say why they wait [B3]", async () => {
    site.program({ refuses: { monitoring: "the RPO cannot be met" } });
    const { code, stderr } = await up();
    expect(code).toBe(13);
    expect(stderr).toContain("Unable to deploy: the RPO cannot be met");
    expect(stderr).toContain("prod: not begun");
    expect(site.picture()).toMatchObject({
      live: ["monitoring.json", "monitoring.json.attrs"],
      archived: [],
      stored: { prod: [] },
    });
    site.program({});
    expect(await up()).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    expect(site.picture()).toMatchObject({ live: [], archived: ["monitoring-TIME.json"] });
  });

  test("a stack that lives on this machine moves too, with what is in it [B3]", async () => {
    expect(await up("monitoring")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    const { buckets } = site;
    store.dropBucket(`${buckets}-prod`);
    store.makeBucket(`${buckets}-prod`);
    site.write(
      "Pulumi.monitoring.yaml",
      site.read("Pulumi.monitoring.yaml").replace(/^ +lifeboat:stateStore:.*\n/mu, ""),
    );
    expect(await up("prod")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    expect(site.picture()).toMatchObject({ live: ["prod.json", "prod.json.attrs"], stored: { prod: [] } });
    site.declareStore();
    site.pulumiRuns();
    expect(await up("prod")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    expect(site.pulumiRuns()).not.toContain("prod up");
    expect(site.picture()).toMatchObject({
      live: [],
      archived: ["monitoring-TIME.json", "prod-TIME.json"],
      stored: { prod: [{ key: checkpoint("prod"), resources: ["web", "db"] }] },
    });
  });

  test("pulumi killed in the middle of an update: the same command ends it, and knows what became of everything [B3, K4]", async () => {
    const killed = await site.lifeboat(["up", "--force"], { env: { TEST_PULUMI_DIES_AT: "db" } });
    expect(killed.code).toBe(3);
    expect(killed.stderr).toMatch(/Unable to bring up prod: pulumi up of prod: a signal ended it/u);
    expect(killed.stderr).toMatch(/HINT: all that pulumi printed: .*-up\.log/u);
    expect(site.stored("prod")).toMatchObject([
      { key: expect.stringContaining("/locks/") },
      { resources: ["web"], pending: 1 },
    ]);
    const { code, stderr } = await up();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(site.stored("prod")).toEqual([{ key: checkpoint("prod"), resources: ["web", "db"], pending: 0 }]);
  });

  test("what an update was making when it was killed stays in doubt until somebody says what became of it [B3, K4]", async () => {
    expect((await site.lifeboat(["up", "--force"], { env: { TEST_PULUMI_DIES_AT: "db" } })).code).toBe(3);
    site.program({ prod: ["web", "mail", "db"] });
    expect((await site.lifeboat(["up", "prod", "--force"], { env: { TEST_PULUMI_DIES_AT: "mail" } })).code).toBe(1);
    // The one is there now, and nobody wants the other any more.
    site.program({ prod: ["web", "db"] });
    for (const run of [1, 2]) {
      const { code, stdout } = await up("prod");
      expect([run, code, stdout]).toEqual([
        run,
        3,
        expect.stringMatching(/interrupted while creating mail .*: whether it is there is not known/u),
      ]);
      expect(stdout).toContain("pulumi refresh -s prod");
      expect(stdout).not.toContain("creating db");
      expect(site.stored("prod")).toEqual([{ key: checkpoint("prod"), resources: ["web", "db"], pending: 2 }]);
    }
  });

  test("what is in doubt in a state goes with it into the store [B3, K4]", async () => {
    const env = { TEST_PULUMI_DIES_AT: "store" };
    expect((await site.lifeboat(["up", "--force"], { env })).code).toBe(1);
    site.program({ monitoring: ["metrics"] });
    const { code, stdout } = await up("monitoring");
    expect([code, stdout]).toEqual([3, expect.stringContaining("an update was interrupted while creating store")]);
    expect(site.stored("monitoring")).toEqual([{ key: checkpoint("monitoring"), resources: ["metrics"], pending: 1 }]);
    expect(site.picture()).toMatchObject({ live: [], archived: ["monitoring-TIME.json"] });
  });

  test("Ctrl-C goes on to pulumi, which ends what it is at; then the same command ends it: 130, and 0 [B3, K4]", async () => {
    const env = { TEST_PULUMI_INTERRUPTS_AT: "web" };
    const { code, stderr } = await site.lifeboat(["up", "--force"], { env, asProcess: true });
    expect(code).toBe(130);
    expect(stderr).toContain("Stopped in step 'pulumi up of prod'.");
    expect(stderr).toContain("HINT: to resume: lifeboat up --force");
    expect(site.stored("prod")).toEqual([{ key: checkpoint("prod"), resources: ["web"], pending: 0 }]);
    expect((await up()).code).toBe(0);
    expect(site.stored("prod")).toEqual([{ key: checkpoint("prod"), resources: ["web", "db"], pending: 0 }]);
  });

  test("what a version before left half done: its pulumi is waited for, and what is left is planned anew [B3, K4]", async () => {
    expect((await site.lifeboat(["up", "--force"], killAt("after", 8))).code).toBeNull();
    const pulumi = spawn("sleep", ["2"]);
    const ended = once(pulumi, "exit");
    const pid = pulumi.pid ?? 0;
    rewriteJournal(site.stateFolder("monitoring"), ({ id, startedAt, updatedAt, inputs }) => {
      const done = { state: "done", startedAt, findings: [], finishedAt: updatedAt, seconds: 0.2 };
      return {
        version: 1,
        id,
        state: "open",
        startedAt,
        updatedAt,
        steps: {
          keys: { ...done, facts: { sent: true } },
          init: { ...done, facts: { sent: true, pulumi: pid, pulumiStart: startOf(pid) ?? "" } },
        },
        kind: "up",
        command: "lifeboat up --force",
        request: {},
        inputs: { settings: inputs["settings"] },
        plan: {
          keys: ["the key of monitoring in its own settings", "the key of prod in its own settings"],
          deadLocks: [],
          init: true,
          move: "after-up",
          wait: true,
          up: true,
          copy: true,
          environment: "monitoring",
          place: "store",
          url: `file://${site.localFolder()}`,
        },
      };
    });
    const other = await site.lifeboat(["state", "prune", "monitoring", "--keep", "5", "--force"]);
    expect([other.code, other.stderr]).toEqual([
      11,
      expect.stringMatching(
        /a deployment of monitoring, begun at .*\nHINT: resume it: lifeboat up --force; or, if it cannot be ended: lifeboat abandon monitoring\n/u,
      ),
    ]);
    const { code, stderr } = await up();
    expect([code, pulumi.exitCode]).toEqual([0, 0]);
    expect(stderr).toContain(`Wait for its pulumi (process ${String(pid)}) to end`);
    expect(stderr).toMatch(
      /What was begun at [-\d]+ [\d:]+ UTC with monitoring has not ended; what is left is planned anew\./u,
    );
    expect(site.journalStates()).toEqual({ monitoring: ["done", "given-up"], prod: ["done"] });
    expect(site.picture()).toMatchObject({ live: [], archived: ["monitoring-TIME.json"] });
    await ended;
  });

  test("plan and report for scripts; an environment on which something else is half done is left out [K2, K5]", async () => {
    const plan = JSON.parse((await site.lifeboat(["up", "--dry-run", "--json"])).stdout).plan;
    expect(plan).toMatchObject({
      environments: [
        { environment: "monitoring", place: "store", changes: null },
        { environment: "prod", place: "store" },
      ],
      leftOut: [],
      flags: ["--force"],
    });
    expect(plan.steps.slice(0, 2)).toEqual([
      { subject: "monitoring", id: "keys", title: expect.any(String), does: expect.stringMatching(/^make the key/u) },
      { subject: "monitoring", id: "init", title: expect.any(String), does: expect.any(String) },
    ]);
    expect(JSON.parse((await up("--json")).stdout)).toMatchObject({
      exitCode: 0,
      environments: [
        { environment: "monitoring", result: "done", error: null },
        { environment: "prod", result: "done", changes: "create 2", error: null },
      ],
      leftOut: [],
      left: [],
      findings: expect.any(Array),
    });
    site.program({ prod: ["web", "db", "mail"], monitoring: ["metrics", "store", "more"] });
    const pruned = await site.lifeboat(["up", "prod", "--force"], killAt("after", 2));
    expect(pruned.code).toBeNull();
    rewriteJournal(site.stateFolder("prod"), (journal) => ({
      ...journal,
      kind: "restore-state",
      command: "lifeboat x",
    }));
    const { code, stdout, stderr } = await up("--json");
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 3,
      environments: [{ environment: "monitoring", result: "done" }],
      leftOut: [
        {
          subject: "prod",
          exitCode: 11,
          hint: "resume it: lifeboat x; or, if it cannot be ended: lifeboat abandon prod",
        },
      ],
    });
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(
        /Unable to bring up prod: a restore of the state of prod, begun at [-\d]+ [\d:]+ UTC, has not ended/u,
      ),
    ]);
  });

  test("while keys of one environment are half changed, none is brought up: a key that nobody has proven gets into no settings [K4, N1]", async () => {
    await up();
    site.program({ prod: ["web", "db", "mail"], monitoring: ["metrics", "store", "more"] });
    expect((await site.lifeboat(["up", "prod", "--force"], killAt("after", 2))).code).toBeNull();
    const rewritten = { kind: "rotate-keys", command: "lifeboat state rotate prod --force" };
    rewriteJournal(site.stateFolder("prod"), (journal) => ({ ...journal, ...rewritten }));
    site.pulumiRuns();
    const before = site.picture();
    for (const words of [["monitoring"], []]) {
      const { code, stderr } = await up(...words);
      expect([code, stderr.replaceAll(/\s+/gu, " ")]).toEqual([
        11,
        expect.stringMatching(
          /change of the keys of prod, begun at .* has not ended HINT: resume it: lifeboat state rotate prod --force; or,/u,
        ),
      ]);
    }
    expect([site.pulumiRuns(), site.picture()]).toEqual([[], before]);
  });

  test("a service's keys that nobody has given: 13, naming the secrets and how to give them [B6]", async () => {
    site.giveKeys(["monitoring"]);
    const { code, stderr } = await up();
    expect(code).toBe(13);
    expect(stderr).toContain("is missing for prod");
    expect(stderr).toContain(
      '{"identities": {"prod": {"accessKey": "…", "secretKey": "…"}}}; then: LIFEBOAT_STATE_KEYS_FILE=FILE lifeboat up',
    );
  });

  test("a state that the last login points to is not left behind [B3]", async () => {
    expect(await up("monitoring")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    const old = join(site.folder, "old");
    mkdirSync(join(old, ".pulumi/stacks/site"), { recursive: true });
    const state = { version: 3, checkpoint: { stack: "organization/site/prod", latest: {} } };
    writeFileSync(join(old, checkpoint("prod")), JSON.stringify(state));
    mkdirSync(join(site.folder, ".pulumi"));
    writeFileSync(join(site.folder, ".pulumi/credentials.json"), JSON.stringify({ current: `file://${old}` }));
    const { code, stderr } = await up("prod");
    expect(code).toBe(13);
    expect(stderr).toContain(`pulumi stack migrate file://${old} prod`);
  });

  test("without a declared store: pulumi up of each, on this machine [B3]", async () => {
    site.write(
      "Pulumi.monitoring.yaml",
      site.read("Pulumi.prod.yaml").replace("profile:   prod", "profile: monitoring"),
    );
    const { code, stdout } = await up();
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("prod: create 2") });
    expect(site.localFiles(".pulumi/stacks/site").filter((name) => name.endsWith(".json"))).toEqual([
      "monitoring.json",
      "prod.json",
    ]);
    expect(await up()).toMatchObject({ code: 0, stdout: "Everything is as the settings say; nothing was changed.\n" });
  });
});

describe("a site that is up", () => {
  beforeAll(async () => {
    site = UpSite.create(store, "up");
    const { code, stderr } = await up();
    if (code !== 0) throw new Error(stderr);
  });

  beforeEach(() => {
    site.program({});
    site.pulumiRuns();
  });

  afterAll(() => site.stop());

  test("what the program refuses is told in its own words; the others are brought up nevertheless [B3, K2]", async () => {
    site.program({ refuses: { prod: "guest db has no backup" }, monitoring: ["metrics", "store", "more"] });
    const alone = await up("prod");
    expect(alone.code).toBe(13);
    expect(alone.stderr).toContain("Unable to deploy: guest db has no backup");
    expect(alone.stderr).toContain("HINT: mend the settings");
    const { code, stdout, stderr } = await up();
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining("monitoring: create 1") });
    expect(stderr).toContain("Unable to deploy: guest db has no backup");
    expect(site.stored("monitoring")).toMatchObject([{ resources: ["metrics", "store", "more"] }]);
  });

  test("the plan names what is deleted, for people and scripts: a number shows nobody a forged part [B3, K1, N2]", async () => {
    site.program({ deletes: { prod: ["db"] } });
    const { stdout } = await site.lifeboat(["up", "prod", "--dry-run"]);
    expect(stdout).toMatch(/ ! delete +guest 1198, without a name:\s+db \(proxmoxve:index/u);
    const { plan } = JSON.parse((await site.lifeboat(["up", "prod", "--dry-run", "--json"])).stdout);
    expect(plan.environments[0]).toMatchObject({
      changes: { delete: 1 },
      losses: [{ operation: "delete", urn: expect.stringMatching(/::db$/u), id: "1198", guest: null }],
    });
  });

  test("what a state holds for deletion is in the plan, though no preview has it [B3, K1, N2]", async () => {
    const [bucket, key] = [site.bucket("prod"), checkpoint("prod")];
    const text = store.contents(bucket).get(key) ?? "";
    const state = JSON.parse(text);
    const { resources } = state.checkpoint.latest;
    resources.push({ ...resources.at(-1), id: "666", delete: true });
    store.put(bucket, key, JSON.stringify(state));
    const { stdout } = await site.lifeboat(["up", "prod", "--dry-run"]);
    store.put(bucket, key, text);
    expect(stdout).toMatch(/ ! delete +guest 666, without a name:/u);
  });

  test("a fallback is not undone by the way: 13, with the command that brings it back [B3, E4]", async () => {
    const local = join(site.localFolder(), checkpoint("prod"));
    mkdirSync(dirname(local), { recursive: true });
    writeFileSync(local, store.contents(site.bucket("prod")).get(checkpoint("prod")) ?? "");
    const { code, stderr } = await up("prod");
    expect(code).toBe(13);
    expect(stderr).toContain("HINT: bring it back to the store first: lifeboat state return prod");
    expect(existsSync(local)).toBe(true);
    rmSync(local);
  });

  test("in a fallback, while the store is down, it goes on here, and without the store; then it has to return [B3, E4]", async () => {
    const copied = await site.lifeboat(["backup", "state", "prod"]);
    expect({ code: copied.code, stderr: copied.stderr }).toMatchObject({ code: 0 });
    site.program({ prod: ["web", "db", "post"] });
    await store.close();
    try {
      const fallback = await site.lifeboat(["state", "fallback", "prod", "--force"]);
      expect(fallback).toMatchObject({ code: 0 });
      expect(await up("prod")).toMatchObject({ code: 0, stdout: expect.stringContaining("prod: create 1") });
      expect(site.localFiles(".pulumi/stacks/site")).toContain("prod.json");
    } finally {
      await store.open();
    }
    expect(await up("prod")).toMatchObject({ code: 13, stderr: expect.stringContaining("lifeboat state return prod") });
    expect(await site.lifeboat(["state", "return", "prod", "--force"])).toMatchObject({ code: 0 });
    expect(await up("prod")).toMatchObject({
      code: 0,
      stdout: "Everything is as the settings say; nothing was changed.\n",
    });
  });

  test("somebody else's lock: 11 with who and since when, also of a machine with the same name [B3, E3]", async () => {
    site.program({ prod: ["web", "db", "mail"] });
    const key = ".pulumi/locks/organization/site/prod/1.json";
    store.put(site.bucket("prod"), key, lock(1, "another-machine"));
    const locked = await up("prod");
    expect(locked.code).toBe(11);
    expect(locked.stderr).toContain(
      "ops on another-machine (process 1) holds Pulumi's lock of it since 2026-11-20 10:00 UTC",
    );
    store.put(site.bucket("prod"), key, lock(2 ** 22 + 1, hostname()));
    expect(await up("prod")).toMatchObject({
      code: 11,
      stderr: expect.stringContaining("pulumi cancel --yes -s prod"),
    });
  });

  test("the lock of a pulumi of ours that was killed is taken away, and no other [B3, E3]", async () => {
    const key = ".pulumi/locks/organization/site/prod/1.json";
    const pid = 2 ** 22 + 1;
    store.put(site.bucket("prod"), key, lock(pid, hostname()));
    const logs = site.stateFolder("prod");
    writeFileSync(
      join(logs, "pulumi", "killed.log.process"),
      JSON.stringify({ pid, identity: "another-boot 1", place: processPlace(), since: 0 }),
    );
    expect(await up("prod")).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Unable") });
    const keys = [...store.contents(site.bucket("prod")).keys()];
    expect(keys.filter((one) => one.includes("/locks/"))).toEqual([]);
  });

  test("the store is down: 14 naming it, and what goes on without it; pulumi is not even asked [B3, K3]", async () => {
    site.pulumiRuns();
    await store.close();
    try {
      const { code, stderr } = await up("prod");
      expect(code).toBe(14);
      expect(stderr).toContain(`the state store at ${store.endpoint} does not answer: ECONNREFUSED`);
      expect(stderr).toContain("lifeboat state fallback prod");
      expect(site.pulumiRuns()).toEqual([]);
    } finally {
      await store.open();
    }
  });

  test("a wrong passphrase: 12, nothing begun [B3]", async () => {
    site.pulumiRuns();
    writeFileSync(join(site.folder, "passphrase"), "another");
    const { code } = await up();
    expect(code).toBe(12);
    expect(site.pulumiRuns()).toEqual([]);
    writeFileSync(join(site.folder, "passphrase"), passphrase);
    expect(readFileSync(join(site.folder, "passphrase"), "utf8")).toBe(passphrase);
  });
});

describe("a site whose store cannot be asked", () => {
  beforeAll(async () => {
    site = UpSite.create(store, "asked");
    for (const program of [{}, { prod: ["web", "db", "mail"], monitoring: ["metrics", "store", "more"] }]) {
      site.program(program);
      const { code, stderr } = await up();
      if (code !== 0) throw new Error(stderr);
    }
    site.pulumiRuns();
  });

  afterEach(async () => {
    store.failWith = undefined;
    await store.open();
  });

  afterAll(() => site.stop());

  const refused = {
    begun: [],
    asked: [],
    code: 14,
    stderr: expect.stringMatching(/RequestTimeTooSkewed|does not answer|not known/u),
  };

  test("it refuses every key, as where a clock is off: no second stack of anything is made: 14 [B3, K3]", async () => {
    store.failWith = 403;
    expect(await upHere("monitoring")).toMatchObject(refused);
    expect(await upHere("prod")).toMatchObject(refused);
    expect(await upHere()).toMatchObject(refused);
  });

  test("the last login points to a bucket that does not answer: it may hold the state: 14 [B3, K3]", async () => {
    const contents = store.contents(site.bucket("prod"));
    for (const key of contents.keys()) store.damage(site.bucket("prod"), key, "lost");
    const url = "s3://old?endpoint=https://127.0.0.1:1&use_path_style=true";
    mkdirSync(join(site.folder, ".pulumi"));
    writeFileSync(join(site.folder, ".pulumi/credentials.json"), JSON.stringify({ current: url }));
    rmSync(join(site.stateFolder("prod"), "state-seen.json"), { force: true });
    expect(await up("prod")).toMatchObject({ code: 14, stderr: expect.stringContaining("(last login) is not known") });
    rmSync(join(site.folder, ".pulumi"), { recursive: true });
    for (const [key, text] of contents) store.put(site.bucket("prod"), key, text);
    site.pulumiRuns();
  });

  describe("in a container", () => {
    beforeAll(() => site.declareContainer());

    test("it is down after an ordinary second update: no second, empty stack is begun here: 14 [B3, K3]", async () => {
      await store.close();
      expect(await upHere("monitoring")).toMatchObject(refused);
      expect(await upHere()).toMatchObject(refused);
    });

    test("it refuses every key, that of its administrator too: 14 [B3, K3]", async () => {
      store.failWith = 403;
      expect(await upHere("monitoring")).toMatchObject(refused);
      expect(await upHere("prod")).toMatchObject(refused);
    });

    test("the state of its own stack is gone with its history: its administrator knows that there is none: 13 [B3]", async () => {
      const contents = store.contents(site.bucket("monitoring"));
      for (const key of contents.keys()) store.damage(site.bucket("monitoring"), key, "lost");
      expect(await up("monitoring")).toMatchObject({
        code: 13,
        stderr: expect.stringContaining("holds no state of monitoring"),
      });
      for (const [key, text] of contents) store.put(site.bucket("monitoring"), key, text);
    });
  });
});
