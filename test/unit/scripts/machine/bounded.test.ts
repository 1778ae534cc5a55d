import { runBounded } from "../../../../scripts/machine/bounded";

interface Job {
  readonly name: string;
  readonly node: string;
}

const jobs: readonly Job[] = ["a1", "a2", "a3", "b1", "b2"].map((name) => ({ name, node: name.slice(0, 1) }));

/** Runs jobs that end when the test says so, and notes which were at work together. */
async function observe(
  parallel: number,
  perKey: number,
): Promise<{ most: number; mostOfNode: number; order: string[] }> {
  const busy: Job[] = [];
  const seen = { most: 0, mostOfNode: 0, order: [] as string[] };
  const results = await runBounded(jobs, { parallel, perKey, keyOf: ({ node }) => node }, async (job) => {
    busy.push(job);
    seen.order.push(job.name);
    seen.most = Math.max(seen.most, busy.length);
    seen.mostOfNode = Math.max(seen.mostOfNode, busy.filter(({ node }) => node === job.node).length);
    await new Promise((done) => setImmediate(done));
    busy.splice(busy.indexOf(job), 1);
    return job.name;
  });
  expect(results).toEqual(jobs.map(({ name }) => name));
  return seen;
}

test("work in parallel keeps to its bounds, and a later one goes first where a node is busy", async () => {
  expect(await observe(3, 1)).toEqual({ most: 2, mostOfNode: 1, order: ["a1", "b1", "a2", "b2", "a3"] });
  expect(await observe(2, 2)).toMatchObject({ most: 2, mostOfNode: 2 });
  expect(await observe(1, 9)).toMatchObject({ most: 1, order: ["a1", "a2", "a3", "b1", "b2"] });
});

test("work that throws is not swallowed", async () => {
  const bounds = { parallel: 2, perKey: 2, keyOf: () => "" };
  await expect(runBounded([1, 2], bounds, async () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
});

test("an item waits for those that it needs, others go on meanwhile, and a circle keeps nobody waiting for ever", async () => {
  const needs: Readonly<Record<string, readonly string[]>> = { app: ["db"], web: ["app"], x: ["y"], y: ["x"] };
  const ended: string[] = [];
  const missing: string[] = [];
  const names = ["web", "app", "x", "db", "y", "other"];
  const bounds = {
    parallel: 3,
    perKey: 3,
    keyOf: () => "",
    waitsFor: (name: string) => names.filter((one) => needs[name]?.includes(one) === true),
  };
  await runBounded(names, bounds, async (name) => {
    missing.push(...(needs[name] ?? []).filter((one) => !ended.includes(one)).map((one) => `${name} before ${one}`));
    await new Promise((done) => setImmediate(done));
    ended.push(name);
  });
  expect(ended.toSorted()).toEqual(names.toSorted());
  expect(missing).toEqual(["x before y"]);
});
