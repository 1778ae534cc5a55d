import { rmSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { node, RestoreSite } from "../restore/restore-site";
import { GuestProgram } from "../support/site/guest-program";

/** What `lifeboat status` says of dumps in guests. Databases, and guests that run, are in the rehearsal. */

let site: RestoreSite;
let guest: GuestProgram;
let env: Record<string, string>;
const names = ["other", "sealed"] as const;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "off" },
  ]);
  guest = new GuestProgram(site, node, "web");
  const command = `cat ${guest.path("/content")}`;
  const folder = guest.path("/var/backups/lifeboat");
  const data = Object.fromEntries(names.map((name) => [name, { kind: "command", command, folder, by: "node" }]));
  site.write(
    "Pulumi.prod.yaml",
    site.read("Pulumi.prod.yaml").replace(/^( +)(network: .*)$/mu, `$1$2\n$1data: ${JSON.stringify(data)}`),
  );
  for (const name of names) {
    const keep = { daily: 7, weekly: 4, monthly: 12 };
    const common = {
      at: "03:00",
      keep,
      recipients: [],
      shrink: 50,
      minimum: 1,
      folder,
      by: "node",
      enabled: true,
    } as const;
    guest.declare({ ...common, kind: "command", name, command });
  }
  writeFileSync(guest.path("/content"), "what is to be kept");
  env = { PATH: `${guest.bin}:${site.env["PATH"] ?? process.env["PATH"] ?? ""}` };
  for (const id of [101, 102]) await site.backUp(id);
});

afterAll(() => site.stop());

const found = z.object({
  environments: z.tuple([
    z.object({
      data: z.array(z.looseObject({ source: z.string() })).optional(),
      guests: z.array(z.object({ name: z.string(), problems: z.array(z.string()) })),
    }),
  ]),
});

async function status(more: Record<string, string> = {}) {
  const { stdout, code } = await site.lifeboat(["status", "prod", "--json"], { env: { ...env, ...more } });
  const [{ data, guests }] = found.parse(JSON.parse(stdout)).environments;
  // The site has no backup job, which is told as well.
  return {
    code,
    data,
    problems: guests.flatMap(({ problems }) => problems.filter((text) => !/backup job/u.test(text))),
  };
}

/** Two dumps of a second would have one name. */
async function dump(source: string): Promise<number | null> {
  const second = Math.floor(Date.now() / 1_000);
  while (Math.floor(Date.now() / 1_000) === second) await new Promise((next) => setImmediate(next));
  return (await site.lifeboat(["backup", "data", "web", source], { env })).code;
}

test("a source of which no dump was ever made is missing, and says how to make one [I2, E4]", async () => {
  const { code, data, problems } = await status();
  expect(code).toBe(3);
  expect(data).toEqual(
    names.map((source) =>
      expect.objectContaining({ source, unseen: null, newest: null, dumps: 0, problem: "there is no dump" }),
    ),
  );
  expect(problems).toEqual(
    names.map(
      (name) => `data source ${name}: there is no dump; to make a dump now: lifeboat backup data prod/web ${name}`,
    ),
  );
  const { stdout } = await site.lifeboat(["status", "prod"], { env });
  expect(stdout).toMatch(/dump +web\/sealed: never made/u);
});

test("the newest dump is told with its age and size, and nothing is wrong then [I2, E4]", async () => {
  for (const name of names) expect(await dump(name)).toBe(0);
  const { data, problems } = await status();
  expect(problems).toEqual([]);
  expect(data?.[1]).toEqual(
    expect.objectContaining({
      source: "sealed",
      dumps: 1,
      newest: expect.objectContaining({ dump: expect.stringMatching(/\/command\/sealed-\d{6}Z$/u), encrypted: false }),
      lastRun: expect.objectContaining({ result: "success" }),
    }),
  );
  const { stdout } = await site.lifeboat(["status", "prod"], { env });
  expect(stdout).toMatch(/dump +web\/sealed: .* \(.* ago\), \d+ B$/mu);
});

test("a run that failed is told with its own message, and the dump before it stays [I2, I4]", async () => {
  rmSync(guest.path("/content"));
  expect(await dump("sealed")).toBe(1);
  const { code, data, problems } = await status();
  expect(code).toBe(3);
  expect(data?.[1]).toEqual(expect.objectContaining({ dumps: 1, newest: expect.objectContaining({}) }));
  expect(problems).toEqual([
    expect.stringMatching(
      /^data source sealed: Unable to dump output command: .*No such file.*; to make a dump now: /u,
    ),
  ]);
});

test("a guest that cannot be reached is not without dumps: it is said once, with the reason [I2]", async () => {
  const { code, data, problems } = await status({ SSH_FAILS: "yes" });
  expect(code).toBe(3);
  expect(data).toEqual(
    names.map((source) =>
      expect.objectContaining({ source, newest: null, unseen: expect.stringMatching(/publickey/u) }),
    ),
  );
  expect(problems).toEqual([
    expect.stringMatching(/^which dumps there are of other, sealed is not known: .*publickey/u),
  ]);
  const { stdout } = await site.lifeboat(["status", "prod"], { env: { ...env, SSH_FAILS: "yes" } });
  expect(stdout).toMatch(/dump +web\/sealed: not known/u);
});

test("a guest that says nothing does not hold status up [I2]", async () => {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const limit = jest
    .spyOn(AbortSignal, "timeout")
    .mockImplementation((time) => timeout(time === 30_000 ? 1_000 : time));
  const { problems } = await status({ SSH_HELD: guest.path("/never") });
  limit.mockRestore();
  expect(problems).toEqual(["which dumps there are of other, sealed is not known: its guest gives no answer in time"]);
});

test("a guest that is stopped is not asked [I2]", async () => {
  const outcome = await site.client.tasks.wait(await site.client.guests.stop({ vmid: 101, node, type: "lxc" }));
  expect(outcome.exitStatus).toBe("OK");
  const { problems } = await status({ SSH_HELD: guest.path("/never") });
  expect(problems).toEqual([
    expect.stringMatching(/^it is stopped/u),
    "which dumps there are of other, sealed is not known: the guest does not run",
  ]);
});
