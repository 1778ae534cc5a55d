import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Server } from "../support/kit";
import { startStore, UpSite } from "./up-site";

/**
 * `kill -9` of `lifeboat up` between any two steps of a whole bootstrap, and in the middle of those that change most. The
 * same command, run again, must leave what an undisturbed run leaves.
 */

const hook = ["--require", require.resolve("../../support/kill-at-journal-write.cjs")];
/** Sites that are worked on side by side, so that two processors are used. */
const lanes = 2;

let folder: string;
let store: S3Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-kill-up-"));
  store = await startStore(folder);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Brings a new site up, killed at a moment and then again, or undisturbed; and looks at what is there. */
async function run(name: string, env: Record<string, string>) {
  const site = UpSite.create(store, name);
  try {
    const first = await site.lifeboat(["up", "--force"], { nodeOptions: hook, env });
    const last = first.code === null ? await site.lifeboat(["up", "--force"]) : first;
    const seen = { picture: site.picture(), newest: Object.values(site.journals()).map(([newest]) => newest) };
    return { killed: first.code === null, code: last.code, said: last.stderr, seen };
  } finally {
    site.remove();
  }
}

interface Written {
  readonly id?: string;
  readonly steps?: Readonly<
    Record<string, { readonly state: string; readonly facts: Readonly<Record<string, unknown>> }>
  >;
}

/** Writes after which a step is done, and those in the middle of the longest, when their process runs. */
function momentsOf(log: string): string[] {
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const known = new Set<string>();
  const moments = lines.flatMap((line, index) => {
    const { id = "", steps = {} }: Written = JSON.parse(line);
    const told = Object.entries(steps).flatMap(([step, { state, facts }]) => {
      if (state === "done") return [`${id} ${step}`];
      const runs = facts["pulumi"] !== undefined && (step === "up" || step === "move");
      return runs ? [`${id} ${step} runs`] : [];
    });
    const fresh = told.filter((text) => !known.has(text));
    for (const text of fresh) known.add(text);
    return fresh.length === 0 ? [] : [`after ${String(index + 1)}`];
  });
  return moments;
}

jest.setTimeout(6 * 60_000);

test("kill -9 between any two steps: the same command ends in the same place [B3, K4]", async () => {
  const log = join(folder, "log");
  const { code, seen } = await run("whole", { LIFEBOAT_TEST_KILL_LOG: log });
  expect(code).toBe(0);
  expect(seen).toMatchObject({ picture: { live: [], archived: ["monitoring-TIME.json"] }, newest: ["done", "done"] });
  const moments = momentsOf(log);
  // Nine steps of the stack that makes the store, three of the other, and three runs of `pulumi` that take long.
  expect(moments).toHaveLength(15);
  const wrong: unknown[] = [];
  const work = Array.from({ length: lanes }, async (_, lane) => {
    for (const kill of moments.filter((_moment, index) => index % lanes === lane)) {
      const result = await run(`kill-${kill.replace(" ", "-")}`, { LIFEBOAT_TEST_KILL: kill });
      const isRight = result.killed && result.code === 0;
      if (!isRight || JSON.stringify(result.seen) !== JSON.stringify(seen)) wrong.push({ kill, ...result });
    }
  });
  await Promise.all(work);
  expect(wrong).toEqual([]);
});
