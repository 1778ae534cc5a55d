import { killAt } from "../support/kill-at";
import { StateSite } from "./state-site";
import { putUpdate, stateKey, stateText } from "./states";

/** A fallback, or a return, that was killed before it wrote a state, and is continued when other things are true. */

let site: StateSite;

const minute = 60_000;

beforeEach(async () => {
  site = await StateSite.start();
  putUpdate(site, "prod", minute);
  await succeed(["backup", "state", "prod"]);
});

afterEach(() => site.stop());

async function succeed(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await site.lifeboat([...argv]);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${String(code)}: ${stderr}`);
}

const fallBack = ["state", "fallback", "prod", "--force"];
const goBack = ["state", "return", "prod", "--force"];

async function here(): Promise<string | undefined> {
  const [found] = await site.local.list(stateKey("prod"));
  return found && (await site.local.read(found.key)).toString();
}

async function killedFallback(): Promise<void> {
  await site.store.close();
  expect((await site.lifeboat(fallBack, killAt("after", 5))).code).toBeNull();
  expect(await here()).toBeUndefined();
}

test("a fallback is not gone on with when the store answers again [K4, E4]", async () => {
  await killedFallback();
  await site.store.open();
  const dry = await site.lifeboat([...fallBack.slice(0, -1), "--dry-run"]);
  expect([dry.code, dry.stderr]).toEqual([
    0,
    expect.stringMatching(
      /is not resumed, because the state store at \S+ answers again; it would be taken back first/u,
    ),
  ]);
  for (let time = 0; time < 2; time += 1) {
    const again = await site.lifeboat(fallBack);
    expect([again.code, again.stderr]).toEqual([13, expect.stringContaining("--although-store-answers")]);
  }
  expect(await here()).toBeUndefined();
  expect(await site.lifeboat(["status", "prod"])).toMatchObject({ stdout: expect.not.stringContaining("fallback") });
});

test("a fallback takes the newer copy that was made since [K4, E4]", async () => {
  await killedFallback();
  const newer = stateText(site, "prod", { made: Date.now(), memory: 4_096 });
  await site.copies("prod").write(stateKey("prod"), Buffer.from(newer));
  const again = await site.lifeboat(fallBack);
  expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/because the copy in .* is another one now/u)]);
  expect(await here()).toBe(newer);
});

const changed = (memory: number): string => stateText(site, "prod", { made: 9 * minute, memory });
const stored = () => site.bucket("prod").get(stateKey("prod"));
const keysWith = (part: string) => [...site.bucket("prod").keys()].filter((key) => key.includes(part));

describe("a return", () => {
  beforeEach(async () => {
    await site.store.close();
    await succeed(fallBack);
    await site.local.write(stateKey("prod"), Buffer.from(changed(2_048)));
    await site.store.open();
    await site.lifeboat(goBack, killAt("after", 10));
  });

  test("brings what the state here has become since [K4, E4]", async () => {
    const old = stored();
    await site.local.write(stateKey("prod"), Buffer.from(changed(4_096)));
    const again = await site.lifeboat(goBack);
    expect([again.code, again.stderr]).toEqual([
      0,
      expect.stringContaining("is not resumed, because the state on this machine changed since; it is taken back"),
    ]);
    expect(stored()).toBe(changed(4_096));
    expect(keysWith(".lifeboat/points/").map((key) => site.bucket("prod").get(key))).toEqual([old]);
    expect([...keysWith("/locks/"), ...(await site.local.list(".pulumi/locks/"))]).toEqual([]);
  });

  test("asks anew when the store has moved, too [K4, E4]", async () => {
    const moved = putUpdate(site, "prod", 3 * minute, { memory: 8_192 });
    for (let time = 0; time < 2; time += 1) {
      const again = await site.lifeboat(goBack);
      expect([again.code, again.stderr]).toEqual([13, expect.stringContaining("--keep local")]);
    }
    expect([stored(), await here()]).toEqual([moved, changed(2_048)]);
    expect([...keysWith("/locks/"), ...(await site.local.list(".pulumi/locks/"))]).toEqual([]);
  });
});
