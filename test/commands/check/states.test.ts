import { rmSync } from "node:fs";
import * as z from "zod";
import { startWithStates } from "../state/start-with-states";
import { putUpdate, stateKey } from "../state/states";
import type { StateSite } from "../state/state-site";

/** `lifeboat check` over states in a store, with copies here and elsewhere. No node of the site answers. */

let site: StateSite;

beforeAll(async () => {
  ({ site } = await startWithStates());
  for (const to of [[], ["--to", "offsite"]]) await site.lifeboat(["backup", "state", ...to]);
});

afterAll(() => site.stop());

const found = z.looseObject({
  subjects: z.array(
    z.looseObject({
      environment: z.string().nullable(),
      subject: z.string(),
      verdict: z.string(),
      found: z.string(),
      problems: z.array(z.object({ text: z.string(), next: z.string().nullable() })),
    }),
  ),
});

async function check(environment = "prod", env: Record<string, string> = {}) {
  const { stdout, code } = await site.lifeboat(["check", environment, "--check-timeout", "0", "--json"], { env });
  const { subjects } = found.parse(JSON.parse(stdout));
  expect(new Set(subjects.map((one) => one.environment))).toEqual(new Set([environment]));
  expect(code).toBe(3);
  return (subject: string) => subjects.find((one) => one.subject === subject);
}

test("states are reached, read and opened although no node answers, and their copies have an age [H2, E6]", async () => {
  const by = await check();
  expect(by("connection")).toMatchObject({ verdict: "problem" });
  expect(by("state")).toMatchObject({
    verdict: "ok",
    found: expect.stringMatching(/^in the store, opens, \d+ resources, /u),
  });
  expect(by("state copy here")).toMatchObject({ verdict: "ok", found: "made just now" });
  expect(by("state copy elsewhere")).toMatchObject({ verdict: "ok", found: "made just now" });
});

test("a copy that is older than the state is a warning with the command that makes another [H2, E6]", async () => {
  putUpdate(site, "lab", 180_000);
  const by = await check("lab");
  expect(by("state copy here")).toMatchObject({
    verdict: "warning",
    problems: [{ text: "the state has changed since it was made", next: "lifeboat backup state lab" }],
  });
});

test("a store that is down, a place that is down, a state that is cut off: each is red [H2, K6]", async () => {
  await site.offsite.close();
  expect((await check())("state copy elsewhere")).toMatchObject({
    verdict: "unknown",
    problems: [{ next: "lifeboat backup state prod --to offsite" }],
  });
  await site.offsite.open();
  await site.store.close();
  const by = await check();
  await site.store.open();
  expect(by("state")).toMatchObject({
    verdict: "unknown",
    problems: [{ text: expect.stringContaining("lifeboat state fallback prod") }],
  });
  expect(by("state copy here")).toMatchObject({ verdict: "ok" });
  site.put("monitoring", stateKey("monitoring"), "{");
  expect((await check("monitoring"))("state")).toMatchObject({
    verdict: "problem",
    problems: [{ text: expect.stringContaining("lifeboat restore state monitoring --list") }],
  });
});

test("without any copy a state is red, with one elsewhere it is a warning [H2, E6]", async () => {
  rmSync(site.dataPath("state-copies"), { recursive: true });
  expect((await check())("state copy here")).toMatchObject({
    verdict: "warning",
    problems: [{ next: "lifeboat backup state prod" }],
  });
  for (const key of site.offsite.contents("copies").keys()) site.offsite.remove("copies", key);
  const by = await check();
  expect([by("state copy here")?.verdict, by("state copy elsewhere")?.verdict]).toEqual(["problem", "problem"]);
});
