import * as z from "zod";
import { asksFor } from "../support/held-tasks";
import { killAt } from "../support/kill-at";
import { RecoverSite } from "./recover-site";

/** `lifeboat recover` over one node and a `pulumi` that stands in for the real one. Whole sites are recovered in the rehearsal. */

let lost: RecoverSite;

beforeEach(async () => {
  lost = await RecoverSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
  ]);
});

afterEach(() => lost.stop());

const planShape = z.object({
  plan: z.object({
    environments: z.array(
      z.looseObject({
        name: z.string(),
        trouble: z.string().optional(),
        storage: z.object({ id: z.string(), state: z.string() }),
        guests: z.array(z.looseObject({ name: z.string(), way: z.string(), why: z.string().optional() })),
      }),
    ),
    steps: z.array(z.object({ id: z.string(), does: z.string() }).loose()),
  }),
});

async function planned(words: readonly string[] = []) {
  const { stdout, code, stderr } = await lost.recover(["--dry-run", "--json", ...words]);
  if (code !== 0) throw new Error(stderr + stdout);
  const { environments, steps } = planShape.parse(JSON.parse(stdout)).plan;
  const ways = Object.fromEntries(environments.flatMap(({ guests }) => guests.map(({ name, way }) => [name, way])));
  return { environments, ways, steps: steps.map(({ id }) => id) };
}

const report = z.looseObject({
  proven: z.boolean(),
  environments: z.array(
    z.looseObject({ up: z.string(), guests: z.array(z.looseObject({ guest: z.string(), result: z.string() })) }),
  ),
  findings: z.array(z.looseObject({ severity: z.string(), text: z.string() })),
});

async function recovered(words: readonly string[] = [], env: Record<string, string> = {}) {
  const { stdout, code, stderr } = await lost.recover(["--force", "--json", ...words], { env });
  const { environments, proven, findings } = report.parse(JSON.parse(stdout));
  const results = Object.fromEntries(
    environments.flatMap(({ guests }) => guests.map(({ guest, result }) => [guest, result])),
  );
  return { code, stderr, results, proven, findings };
}

/** Until a restore has begun, and waits for the fault to go. */
async function untilRestoring(): Promise<void> {
  while (!lost.site.requests().some(asksFor("vzrestore"))) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** A container that somebody makes by hand, without any mark. */
async function make(vmid: number, hostname: string): Promise<void> {
  const { client } = lost.site;
  const ostemplate = "local:vztmpl/debian-12-standard_amd64.tar.zst";
  const made = await client.post(["nodes", "pve-prod", "lxc"], { vmid, hostname, rootfs: "local:1", ostemplate });
  await client.tasks.wait(String(made));
}

test("nothing is lost: it says so, and changes nothing [H1]", async () => {
  const requests = lost.site.requests().length;
  expect(await lost.recover(["--force"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Nothing is lost .*\nWhether all of it works: lifeboat check\n$/u),
  });
  const sent = lost.site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a dry run over what is left: what comes back, what is lost of it, in which order; nothing but GET [H1, K1, 004 US6.1, 004 US6.2]", async () => {
  for (const id of [101, 102, 103]) await lost.site.destroy(id);
  const urgent = lost.site
    .read("Pulumi.prod.yaml")
    .replace(/^( +)mail:\n/mu, "$&$1  objectives: { rto: 10m }\n$1  needs: [db]\n");
  lost.site.write("Pulumi.prod.yaml", urgent);
  const requests = lost.site.requests().length;
  const { code, stdout } = await lost.recover(["--dry-run"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Plan: recover the site\n +prod: guests are gone\n/u);
  expect(stdout).toMatch(/web +101 +from its archive \(.*\) +the last \d+ (?:min|h)/u);
  expect(stdout).toMatch(
    /1\. +restore prod\/db, prod\/mail, prod\/web [^]*\n +2\. +pulumi refresh[^]*\n +3\. +lifeboat up[^]*\n +4\. +check prod/u,
  );
  expect(stdout).toMatch(/1\. .*\n +needs: +pve-prod and the archives on backup; db before mail\n/u);
  expect([...stdout.matchAll(/^ +alone: +(.*)$/gmu)].map(([, command]) => command)).toEqual([
    "lifeboat restore guest prod/db prod/mail prod/web",
    'eval "$(lifeboat env prod)" && pulumi refresh -s prod',
    "lifeboat up prod",
    "lifeboat check prod",
  ]);
  expect(stdout.match(/^ +check: /gmu)).toHaveLength(4);
  expect(stdout).toContain("Flags that answer all questions: --force");
  const sent = lost.site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("guests that are gone come back, the others are left alone, and everything is checked [H1]", async () => {
  for (const id of [101, 102]) await lost.site.destroy(id);
  const before = await lost.site.picture(103);
  const { code, results, proven, findings } = await recovered();
  expect({ code, proven, findings }).toEqual({ code: 0, proven: true, findings: [] });
  expect(results).toEqual({ "prod/web": "back", "prod/db": "back", "prod/mail": "there" });
  expect(await lost.there()).toEqual(["db", "mail", "web"]);
  expect(await lost.site.picture(103)).toEqual(before);
});

test("a stack that could not be told what is gone is no stack that is there: the next run brings it up, and only then nothing is lost [H1, K3]", async () => {
  const own = await RecoverSite.start([{ id: 101, name: "web" }], { state: { web: { nodeName: "pve-prod" } } });
  try {
    await own.site.destroy(101);
    own.loseNode("pve-prod");
    own.grow("made-by-up");
    expect((await own.recover(["--force"])).stdout).toMatch(/NOT PROVEN[^]*prod is not brought up: /u);
    expect((await own.recover(["--force"])).stdout).toMatch(/NOT PROVEN[^]*prod is not brought up: /u);
    own.loseNode(undefined);
    expect((await own.recover(["--dry-run"])).stdout).toMatch(/prod: its stack is brought up, which an earlier run/u);
    expect(await own.recover(["--force"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The site is back/u),
    });
    expect(await own.recorded("made-by-up")).toBeDefined();
    expect((await own.recover(["--dry-run"])).stdout).toMatch(/^Nothing is lost/u);
  } finally {
    await own.stop();
  }
});

test("a node that was installed anew: the storage is defined as the settings have it, and shows the archives [H1, H5]", async () => {
  for (const id of [101, 102, 103]) await lost.site.destroy(id);
  lost.site.write(
    "Pulumi.prod.yaml",
    lost.site
      .read("Pulumi.prod.yaml")
      .replace(/storage: \{ id: backup[^}]*\}/u, "storage: { id: backup, type: dir, path: /mnt/backup }"),
  );
  await lost.forgetStorage();
  const { ways, steps } = await planned();
  expect(ways).toEqual({ web: "archive unseen", db: "archive unseen", mail: "archive unseen" });
  expect(steps).toEqual(["storage-prod", "guests", "refresh-prod", "up", "check"]);
  const { results } = await recovered();
  expect(results).toEqual({ "prod/web": "back", "prod/db": "back", "prod/mail": "back" });
});

test("a guest without an archive is named first, with what is lost; the others come back [H1]", async () => {
  for (const id of [101, 102]) await lost.site.destroy(id);
  for (const { volid } of await lost.site.archives(102)) {
    await lost.site.client.tasks.wait(await lost.site.client.backups.deleteArchive("pve-prod", volid));
  }
  const { stdout } = await lost.recover(["--dry-run"]);
  expect(stdout).toMatch(/Plan: recover the site\n +LOST: prod\/db: .*\n/u);
  expect(stdout).toMatch(/db +102 +made again, EMPTY +everything in it/u);
  const { results } = await recovered();
  expect(results).toMatchObject({ "prod/web": "back", "prod/db": "anew" });
});

test("archives that cannot be listed are not taken for none: nothing is made again empty [H1, K3]", async () => {
  await lost.site.destroy(101);
  await lost.site.fault("answer-596", { path: "^GET .*/storage/backup/content" });
  expect(await lost.recover(["--force"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/nothing of what is lost can be brought back now: prod\/web: .*backup/u),
  });
  expect(await lost.there()).toEqual(["db", "mail"]);
});

test("a node that does not answer: 14, and nothing is concluded from its silence [H1, K3]", async () => {
  await lost.site.fault("answer-596", { path: "^GET .*/cluster/resources" });
  expect(await lost.recover(["--force"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/prod: the connection to .* was lost before the answer to GET \/cluster\/resources/u),
  });
});

test("--only and --skip: the others are not looked at, and not touched [H1]", async () => {
  for (const id of [101, 102]) await lost.site.destroy(id);
  expect((await planned(["--only", "prod/web"])).ways).toEqual({ web: "archive" });
  expect((await planned(["--skip", "102,mail"])).ways).toEqual({ web: "archive" });
  expect(await lost.recover(["--only", "wbe"])).toMatchObject({ code: 2, stderr: expect.stringContaining("web") });
});

test("a guest that is left out stays as it is: its stack, which would make it, is not brought up, and that is said [H1, A9]", async () => {
  for (const id of [101, 102]) await lost.site.destroy(id);
  const { steps } = await planned(["--skip", "db"]);
  expect(steps).toEqual(["guests", "check"]);
  const { code, results, findings, proven } = await recovered(["--skip", "db"]);
  expect(results).toEqual({ "prod/web": "back", "prod/mail": "there" });
  expect([code, proven]).toEqual([3, false]);
  expect(findings).toContainEqual(
    expect.objectContaining({ severity: "todo", text: expect.stringMatching(/^prod is not brought up: .* make db /u) }),
  );
  expect(await lost.there()).toEqual(["mail", "web"]);
});

test("a guest that was made by hand, and has no archive, is not promised: nobody knows how to make it [H1]", async () => {
  await lost.site.destroy(102);
  for (const { volid } of await lost.site.archives(102)) {
    await lost.site.client.tasks.wait(await lost.site.client.backups.deleteArchive("pve-prod", volid));
  }
  const text = lost.site.read("Pulumi.prod.yaml");
  lost.site.write("Pulumi.prod.yaml", text.replace(/^( +)db:\n(?:\1 +.*\n)+/mu, "$1db: { adopt: 102 }\n"));
  await lost.site.destroy(101);
  expect((await planned()).ways).toEqual({ web: "archive", db: "none", mail: "there" });
});

test("a guest that somebody has brought back meanwhile is left as it is [H1, D4]", async () => {
  for (const id of [101, 102, 103]) await lost.site.destroy(id);
  await lost.site.fault("task-waits", { type: "vzrestore" });
  const running = recovered(["--parallel", "1"]);
  await untilRestoring();
  await make(102, "db");
  await make(103, "payroll");
  const before = [await lost.site.picture(102), await lost.site.picture(103)];
  await lost.site.clearFaults("task-waits");
  const { results, findings } = await running;
  expect(results).toMatchObject({ "prod/web": "back", "prod/db": "there", "prod/mail": "lost" });
  const text = expect.stringMatching(/^prod\/mail did not come back: guest 103 on pve-prod is named 'payroll'/u);
  expect(findings).toContainEqual(expect.objectContaining({ severity: "problem", text }));
  expect([await lost.site.picture(102), await lost.site.picture(103)]).toEqual(before);
});

test("a guest whose number another has is not there: it is named, its stack writes nothing of the other, and the rest comes back [H1, D15, K3]", async () => {
  await lost.site.destroy(101);
  await make(101, "payroll");
  const before = await lost.site.picture(101);
  const requests = lost.site.requests().length;
  expect(await lost.recover(["--force"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(
      /prod\/web: guest 101 on pve-prod is named 'payroll' [^]*lifeboat restore guest prod\/web --target-id NUMBER/u,
    ),
  });
  const sent = lost.site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  await lost.site.destroy(102);
  expect(await planned()).toMatchObject({ ways: { web: "another", db: "archive" }, steps: ["guests", "check"] });
  const { code, results, findings } = await recovered();
  expect([code, results]).toEqual([3, { "prod/web": "lost", "prod/db": "back", "prod/mail": "there" }]);
  const text = expect.stringMatching(/^prod is not brought up: others have, or may have, the number of web/u);
  expect(findings).toContainEqual(expect.objectContaining({ severity: "problem", text }));
  expect(await lost.site.picture(101)).toEqual(before);
  await lost.site.fault("answer-596", { path: "^GET .*/lxc/103/config" });
  expect((await lost.recover(["--dry-run"])).stderr).toMatch(/prod\/mail: whether guest 103 .* cannot be seen: /u);
});

test("an update that would delete something is left to somebody: the guests are back, and nothing is deleted [H1, B3]", async () => {
  const program = (more: object): void => lost.site.write("program.json", JSON.stringify(more));
  program({ prod: ["web", "db"] });
  expect((await lost.run(["up", "--force"])).code).toBe(0);
  await lost.site.destroy(101);
  program({ prod: ["web", "db"], deletes: { prod: ["db"] } });
  const { code, results, findings } = await recovered();
  expect([code, results]).toMatchObject([3, { "prod/web": "back" }]);
  const text = expect.stringMatching(/^prod is not brought up: its update would delete .*--accept-loss/u);
  expect(findings).toContainEqual(expect.objectContaining({ severity: "problem", text }));
  expect((await lost.run(["up", "--dry-run", "--json"])).stdout).toContain('"operation":"delete"');
});

test("without pulumi the guests come back all the same, are checked and reported; what is left to do is said [H1, K3]", async () => {
  const program = { prod: ["web", "db"] };
  lost.site.write("program.json", JSON.stringify(program));
  expect((await lost.run(["up", "--force"])).code).toBe(0);
  await lost.site.destroy(101);
  const { code, results, findings, stderr } = await recovered([], { PATH: "/nowhere" });
  expect(stderr).toMatch(/^✗ Bring up prod/mu);
  expect([code, results]).toMatchObject([3, { "prod/web": "back" }]);
  const text = expect.stringMatching(/^prod is not brought up: .*pulumi/u);
  expect(findings).toContainEqual(expect.objectContaining({ severity: "problem", text, mend: "lifeboat up prod" }));
});

test("what a guest that is left out would lose is nobody's question, and keeps nothing from coming back [H1]", async () => {
  await lost.stop();
  lost = await RecoverSite.start([
    { id: 101, name: "web" },
    // Proxmox does not bring such a line back for a token.
    { id: 102, name: "raw", lines: ["lxc.apparmor.profile: unconfined"] },
  ]);
  for (const id of [101, 102]) await lost.site.destroy(id);
  expect(await lost.recover(["--force"])).toMatchObject({ code: 13, stderr: expect.stringContaining("--accept-loss") });
  expect((await recovered(["--skip", "raw"])).results).toEqual({ "prod/web": "back" });
});

test("cut off in the middle of a restore: the next run looks again, resumes it, and counts from the first beginning [H1, K4]", async () => {
  for (const id of [101, 102]) await lost.site.destroy(id);
  const killed = await lost.recover(["--force", "--parallel", "1"], killAt("after", 9));
  expect(killed.code).not.toBe(0);
  const status = await lost.run(["status"]);
  expect(status.stdout + status.stderr).toContain("a recovery of the site");
  const { stderr, results, code } = await recovered();
  expect(stderr).toMatch(/What was begun at .* has not ended; what is left is planned anew/u);
  expect(code).toBe(0);
  expect(Object.values(results)).not.toContain("lost");
  expect(await lost.there()).toEqual(["db", "mail", "web"]);
});

test("a recovery that another process is at work on: 11 [H1, K4]", async () => {
  await lost.site.destroy(101);
  await lost.site.fault("task-waits", { type: "vzrestore" });
  const first = lost.recover(["--force"]);
  await untilRestoring();
  const second = await lost.recover(["--force"]);
  await lost.site.clearFaults("task-waits");
  expect(second.code).toBe(11);
  expect((await first).code).toBe(0);
});
