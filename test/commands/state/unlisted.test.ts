import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { StateSite } from "./state-site";
import { putUpdate } from "./states";

/** What was there and is in no listing any more, or is half there: it was known, so that it is a loss and not an absence. */

let site: StateSite;
const bucket = "lifeboat-state-prod";

beforeEach(async () => {
  site = await StateSite.start();
  for (const name of ["lab", "monitoring"] as const) putUpdate(site, name, 60_000);
  putUpdate(site, "prod", 60_000);
  putUpdate(site, "prod", 120_000);
});

afterEach(() => site.stop());

/** Takes every object of the stack away; `marked`: their versions stay. */
function takeAway(marked: boolean): void {
  for (const key of site.bucket("prod").keys()) {
    if (marked) site.store.remove(bucket, key);
    else site.store.damage(bucket, key, "lost");
  }
}

/** What this machine remembers of the store. */
function forget(): void {
  for (const file of readdirSync(site.folder, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith("state-seen.json")) rmSync(join(site.folder, file));
  }
}

/** Exit code of a command. */
async function codeOf(...argv: string[]): Promise<number | null> {
  return (await site.lifeboat(argv)).code;
}

test.each([
  ["deleted, with its versions left", true, false],
  ["wiped, and seen from here", false, false],
  ["deleted, and never seen from here", true, true],
  ["wiped, and never seen from here, with a copy", false, true],
] as const)(
  "a state that went with its history is lost, and not new: %s [A14, B2, E6]",
  async (_how, marked, isNew) => {
    await site.lifeboat(["backup", "state"]);
    takeAway(marked);
    if (isNew) forget();
    const up = await site.lifeboat(["up", "prod", "--dry-run"]);
    const mend = marked ? "lifeboat restore state prod --list" : "lifeboat rebuild state-store";
    const said = (up.stdout + up.stderr).replace(/\s+/gu, " ");
    expect([up.code, said]).toEqual([14, expect.stringContaining(`bring it back: ${mend}`)]);
    expect(await codeOf(...mend.split(" ").slice(1), ...(marked ? [] : ["--dry-run"]))).toBe(0);
    const copied = await site.lifeboat(["backup", "state"]);
    expect([copied.code, copied.stdout]).toEqual([3, expect.stringContaining("✓ lab")]);
    expect(await codeOf("backup", "state", "prod")).toBe(3);
    expect(await codeOf("verify", "--state", "prod")).toBe(3);
    expect(await codeOf("verify", "--state")).toBe(3);
  },
);

test("a stack that never was is new [A14]", async () => {
  takeAway(false);
  expect(await codeOf("verify", "--state", "prod")).toBe(10);
  expect(await codeOf("backup", "state", "prod")).toBe(10);
});
