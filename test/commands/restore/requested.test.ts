import { RestoreSite } from "./restore-site";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db", checks: '[running, "tcp:9"]' },
  ]);
});

afterAll(() => site.stop());

const web = ["restore", "guest", "web", "--request", "2026-11-21-web", "--stop", "--force", "--json"];

function restoresOf(vmid: number): number {
  return site.requests().filter((one) => one.method === "POST" && one.parameters["vmid"] === String(vmid)).length;
}

function reportIn(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

test("a request is carried out once, and told again by the same words; Pulumi is not asked meanwhile [M2, K4]", async () => {
  await site.backUp(101);
  const first = await site.lifeboat(web);
  expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  const report = reportIn(first.stdout);
  expect(report).toMatchObject({
    guest: "prod/web",
    proven: true,
    findings: expect.arrayContaining([
      {
        severity: "todo",
        text: "not compared with Pulumi: the stack prod is being updated",
        mend: 'eval "$(lifeboat env prod)" && pulumi preview --refresh -s prod',
      },
    ]),
  });
  const restores = restoresOf(101);
  const again = await site.lifeboat(web);
  expect([again.code, reportIn(again.stdout)]).toEqual([0, report]);
  expect(again.stderr).toContain("Request 2026-11-21-web was carried out at ");
  expect(restoresOf(101)).toBe(restores);
});

test("another restore under an id that was used is refused; without the id it is a new wish [M2]", async () => {
  await site.backUp(101);
  const words = ["restore", "guest", "web", "--stop", "--force"];
  expect((await site.lifeboat([...words, "--request", "web.2"])).code).toBe(0);
  const restores = restoresOf(101);
  const other = await site.lifeboat([...words, "--request", "web.2", "--at", "2035-01-01"]);
  expect(other.code).toBe(13);
  expect(other.stderr).toMatch(
    /request web\.2 was another restore, carried out at \S+: lifeboat restore guest prod\/web --request web\.2/u,
  );
  expect(restoresOf(101)).toBe(restores);
  expect((await site.lifeboat(words)).code).toBe(0);
  expect(restoresOf(101)).toBeGreaterThan(restores);
});

test("one that was not proven stays red when it is told again; consents are not implied; an id is for one guest [M2, D4]", async () => {
  await site.backUp(102);
  const words = ["restore", "guest", "db", "--request", "db-1", "--force", "--check-timeout", "1", "--json"];
  expect((await site.lifeboat(words)).code).toBe(13);
  const first = await site.lifeboat([...words, "--stop"]);
  const again = await site.lifeboat([...words, "--stop"]);
  expect([first.code, again.code]).toEqual([3, 3]);
  expect(reportIn(again.stdout)).toEqual(reportIn(first.stdout));
  const both = await site.lifeboat(["restore", "guest", "web", "db", "--request", "both"]);
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("--request is for one guest, and 2 are named")]);
});
