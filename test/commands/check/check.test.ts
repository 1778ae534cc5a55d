import { createServer, type Server } from "node:net";
import * as z from "zod";
import { StateBuilder } from "../../support/state/build-state";
import { RestoreSite } from "../restore/restore-site";
import { FolderBackend, putUpdate } from "../support/site/backend";

/** `lifeboat check` over one node. Guests that really answer, and monitoring that watches, are in the rehearsal. */

const passphrase = { PULUMI_CONFIG_PASSPHRASE: "correct horse" };
let [site, service, port]: [RestoreSite?, Server?, number?] = [];

beforeAll(async () => {
  [service, port] = await listen();
  site = await RestoreSite.start([
    { id: 101, name: "web", checks: `[running, "tcp:${String(port)}"]` },
    { id: 102, name: "db" },
  ]);
  // Its own address is one that this machine has.
  site.write(
    "Pulumi.prod.yaml",
    site.read("Pulumi.prod.yaml").replace("192.0.2.101/24, gateway: 192.0.2.1", "127.0.0.1/8"),
  );
  await makeJob(here());
  putState(here());
  for (const id of [101, 102]) await site.backUp(id);
});

afterAll(async () => {
  service?.close();
  await site?.stop();
});

function here(): RestoreSite {
  if (site === undefined) throw new Error("There is no site.");
  return site;
}

async function listen(on = 0): Promise<[Server, number]> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((done) => server.listen(on, "127.0.0.1", done));
  const address = server.address();
  return [server, typeof address === "object" && address !== null ? address.port : 0];
}

async function makeJob({ client }: RestoreSite): Promise<void> {
  const job = { id: "lifeboat-prod", schedule: "01:00", storage: "backup", vmid: "101,102" };
  await client.post(["cluster", "backup"], job);
}

/** Where Pulumi keeps it on this machine, with a secret. */
function putState(of: RestoreSite, words = passphrase.PULUMI_CONFIG_PASSPHRASE): void {
  const builder = new StateBuilder("site", "prod", words);
  const resources = [{ name: "vault", id: "900", secret: "hidden" }];
  putUpdate(new FolderBackend(of.dataPath("pulumi")), builder, { resources });
}

const found = z.looseObject({
  exitCode: z.number(),
  summary: z.object({ ok: z.number(), warnings: z.number(), problems: z.number(), unknown: z.number() }),
  subjects: z.array(
    z.object({
      environment: z.string().nullable(),
      kind: z.string(),
      subject: z.string(),
      verdict: z.string(),
      found: z.string(),
      checks: z.array(z.looseObject({ check: z.string(), passed: z.boolean() })).optional(),
      problems: z.array(z.object({ text: z.string(), next: z.string().nullable() })),
    }),
  ),
});

const inventoried = z.looseObject({
  environments: z.array(
    z.looseObject({
      guests: z.array(
        z.looseObject({
          name: z.string(),
          state: z.string(),
          disks: z.array(z.looseObject({ backedUp: z.boolean().nullable() })),
        }),
      ),
    }),
  ),
});

async function check(words: readonly string[] = [], env: Record<string, string> = passphrase) {
  const { stdout, code } = await here().lifeboat(["check", "--check-timeout", "0", "--json", ...words], { env });
  const { subjects, summary } = found.parse(JSON.parse(stdout));
  const by = (subject: string) => subjects.find((one) => one.subject === subject);
  return { code, subjects, summary, by };
}

test("a site in order: every guest by its own checks, made now, the job, the state opened; 0 [H2, 004 US6.3]", async () => {
  const { code, subjects, by } = await check();
  expect(subjects.filter(({ verdict }) => !["ok", "none", "warning"].includes(verdict))).toEqual([]);
  expect(code).toBe(0);
  expect(by("web")).toMatchObject({
    verdict: "ok",
    checks: [
      { check: "running", passed: true },
      { check: `tcp:${String(port)}`, passed: true },
    ],
    found: expect.stringMatching(/^running, tcp:\d+; backup (?:just now|\d+ (?:min|h))$/u),
  });
  expect(by("state")).toMatchObject({
    verdict: "ok",
    found: expect.stringMatching(/^on this machine, opens, \d+ resources/u),
  });
  expect(by("backups")).toMatchObject({
    verdict: "ok",
    found: expect.stringMatching(/^no run in the lists of tasks, next \d{4}-/u),
  });
  // The clock of the node was moved, and its storage for backups may be a disk that is not mounted: both are said, and no problem.
  expect(by("connection")).toMatchObject({
    verdict: "warning",
    problems: [{ text: expect.stringContaining("clock") }],
  });
  expect(by("rights")).toMatchObject({
    verdict: "warning",
    found: expect.stringMatching(/^all \d+ that are needed$/u),
  });
  expect(by("monitoring")).toMatchObject({ verdict: "none", environment: null });
  expect(by("drill")).toMatchObject({ verdict: "none" });
});

test("it sends nothing but GET [H2]", async () => {
  const before = here().requests().length;
  await check();
  const sent = here().requests().slice(before);
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a guest whose service is down is red with the check that failed and the next command, the others are green [H2]", async () => {
  await new Promise((done) => service?.close(done));
  const { code, by } = await check();
  [service] = await listen(port);
  expect(by("web")).toMatchObject({
    verdict: "problem",
    problems: [
      {
        text: `check 'tcp:${String(port)}' failed: port ${String(port)} of 127.0.0.1: ECONNREFUSED`,
        next: "lifeboat restore guest prod/web --dry-run",
      },
    ],
  });
  expect(by("db")).toMatchObject({ verdict: "ok" });
  expect(code).toBe(3);
});

test("a guest that never answers is red, and keeps nobody else from being looked at [H2]", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const address = silent.address();
  const at = typeof address === "object" && address !== null ? address.port : 0;
  const settings = here().read("Pulumi.prod.yaml");
  here().write(
    "Pulumi.prod.yaml",
    settings.replace(`"tcp:${String(port)}"`, `"http:${String(at)}/=200", "tcp:${String(port)}"`),
  );
  const { by } = await check();
  here().write("Pulumi.prod.yaml", settings);
  silent.close();
  expect(by("web")).toMatchObject({
    verdict: "problem",
    checks: [{ passed: true }, { passed: false }, { passed: true }],
    problems: [{ text: `check 'http:${String(at)}/=200' failed: http://127.0.0.1:${String(at)}/: no answer` }],
  });
  expect(by("db")).toMatchObject({ verdict: "ok" });
});

test("a passphrase that is not there, and one that opens nothing: the state is not green [H2, K6]", async () => {
  const without = await check([], {});
  expect(without.by("state")).toMatchObject({
    verdict: "problem",
    problems: [{ text: "no passphrase is set, and the state is encrypted with one" }],
  });
  const wrong = await check([], { PULUMI_CONFIG_PASSPHRASE: "wrong horse" });
  expect(wrong.by("state")).toMatchObject({
    verdict: "problem",
    problems: [{ text: "the passphrase does not open the state" }],
  });
  expect([without.code, wrong.code]).toEqual([3, 3]);
});

test("what cannot be looked at is red and says so: the node does not answer, its guests and states are looked at all the same [H2, K3, K6]", async () => {
  await here().fault("node-unreachable", { node: "pve-prod" });
  const { code, by, summary } = await check();
  await here().clearFaults();
  expect(by("connection")).toMatchObject({ verdict: "problem", problems: [{ next: "lifeboat doctor prod" }] });
  expect(by("rights")).toMatchObject({ verdict: "unknown" });
  expect(by("backups")).toMatchObject({ verdict: "unknown", found: "could not be looked at" });
  expect(by("web")).toMatchObject({
    verdict: "problem",
    checks: [
      { check: "running", passed: false },
      { check: `tcp:${String(port)}`, passed: true },
    ],
  });
  expect(by("state")).toMatchObject({ verdict: "ok" });
  expect(summary.ok).toBe(1);
  expect(code).toBe(3);
});

test("a guest that is gone, and one that nothing backs up, come with the command that mends it [H2]", async () => {
  await here().destroy(102);
  const { client } = here();
  await client.tasks.wait(
    String(
      await client.post(["nodes", "pve-prod", "lxc"], {
        vmid: 150,
        hostname: "stray",
        ostemplate: "local:vztmpl/debian-12-standard_amd64.tar.zst",
        rootfs: "local:1",
      }),
    ),
  );
  const { by } = await check();
  expect(by("db")).toMatchObject({
    verdict: "problem",
    problems: [
      { text: "check 'running' failed: there is no such guest" },
      { text: "guest 102 is not on pve-prod", next: "lifeboat restore guest prod/db" },
    ],
  });
  expect(by("stray")).toMatchObject({
    kind: "uncovered",
    problems: [{ text: "container 150 is in no settings and in no backup job", next: "lifeboat adopt 150" }],
  });
});

test("a guest that was stopped by hand: what starts it is said, and no update is the next command [H2]", async () => {
  const guest = { node: "pve-prod", type: "lxc", vmid: 101 } as const;
  const { client } = here();
  await client.tasks.wait(await client.guests.stop(guest));
  const { by } = await check();
  await client.tasks.wait(await client.guests.start(guest));
  expect(by("web")?.problems).toContainEqual({
    text: "it is stopped, and the settings want it running: on pve-prod: pct start 101",
    next: null,
  });
  expect(JSON.stringify(by("web")?.problems)).not.toContain("pulumi");
});

test.each([80, 60])(
  "in a terminal of %i columns no line is wider, and each next command can be read [H2]",
  async (columns) => {
    const { stdout } = await here().inTerminal(["check", "--check-timeout", "0"], columns, {
      ...passphrase,
      NO_COLOR: "1",
    });
    // eslint-disable-next-line no-control-regex
    const plain = stdout.replaceAll(/\u001b\[[0-9;?]*[a-zA-Z]/gu, "");
    const lines = plain.split("\r\n").map((line) => line.slice(line.lastIndexOf("\r") + 1));
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines).toContain("     → lifeboat restore guest prod/db");
    expect(lines.some((line) => /^✓ +prod\/web +running, tcp/u.test(line))).toBe(true);
    expect(lines.some((line) => /^✗ +prod\/db +running failed/u.test(line))).toBe(true);
  },
);

test("a guest whose number another has: nothing of the other is taken for it, neither its checks nor its disks, and nobody is sent to start or update that one [H2, H6, D15]", async () => {
  const { client } = here();
  const ostemplate = "local:vztmpl/debian-12-standard_amd64.tar.zst";
  const made = { vmid: 102, hostname: "payroll", rootfs: "local:1", ostemplate };
  await client.tasks.wait(String(await client.post(["nodes", "pve-prod", "lxc"], made)));
  const { code, by } = await check();
  expect([code, by("db")]).toMatchObject([
    3,
    {
      verdict: "problem",
      problems: [
        { text: "check 'running' failed: another guest has its number 102", next: null },
        {
          text: expect.stringMatching(/^guest 102 on pve-prod is named 'payroll' .*: give it another number/u),
          next: "lifeboat restore guest prod/db --target-id NUMBER --dry-run",
        },
      ],
    },
  ]);
  expect(by("db")?.problems).toHaveLength(2);
  const { stdout } = await here().lifeboat(["inventory", "--json"], { env: passphrase });
  const guests = inventoried.parse(JSON.parse(stdout)).environments.flatMap((one) => one.guests);
  const [db] = guests.filter(({ name }) => name === "db");
  expect([db?.state, db?.disks.map(({ backedUp }) => backedUp)]).toEqual(["missing", [null, null]]);
});

test("a name that is no environment is refused [H2]", async () => {
  const { code, stderr } = await here().lifeboat(["check", "nowhere"]);
  expect(code).toBe(2);
  expect(stderr).toContain("nowhere");
});
