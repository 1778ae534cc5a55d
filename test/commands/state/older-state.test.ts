import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StateSite } from "./state-site";
import { putUpdate, stateKey } from "./states";

/** An older state never takes the place of a newer one unasked, also where what told of the newer one is damaged or gone. */

let site: StateSite;

const bucket = "lifeboat-state-prod";

beforeEach(async () => {
  site = await StateSite.start();
  for (const name of ["lab", "prod", "monitoring"] as const) putUpdate(site, name, 60_000);
  await run("backup", "state");
});

afterEach(() => site.stop());

const run = (...argv: string[]) => site.lifeboat(argv);

/** Files of this machine by the end of their path. */
function files(end: string): string[] {
  const all = readdirSync(site.folder, { recursive: true, encoding: "utf8" });
  return all.filter((file) => file.endsWith(end)).map((file) => join(site.folder, file));
}

async function fallBack(): Promise<void> {
  await site.store.close();
  expect(await run("state", "fallback", "prod", "--force")).toMatchObject({ code: 0 });
}

/** The store's state moves on, and is then damaged or gone; its history stays. */
function moveOn(damage: "content" | "lost"): void {
  putUpdate(site, "prod", 180_000);
  site.store.damage(bucket, stateKey("prod"), damage);
}

test.each(["content", "lost"] as const)(
  "a return asks before it goes over a later update in the store's history (%s) [E4, A13]",
  async (damage) => {
    await fallBack();
    await site.store.open();
    moveOn(damage);
    expect(await run("state", "return", "prod", "--force")).toMatchObject({
      code: 13,
      stderr: expect.stringMatching(/history has a later update[^]*--keep local/u),
    });
    expect(await run("state", "return", "prod", "--keep", "local", "--force")).toMatchObject({ code: 0 });
  },
);

test.each(["content", "lost"] as const)(
  "a rebuild by a machine that has never seen the store compares the copy with the store's history (%s) [F1, A14]",
  async (damage) => {
    for (const file of files("state-seen.json")) rmSync(file);
    moveOn(damage);
    expect((await run("rebuild", "state-store", "--dry-run")).stdout).toContain("--accept-stale");
  },
);

test("a record of a fallback that was cut off still says that there is one, and the return asks which lives [E4]", async () => {
  await fallBack();
  for (const file of files("fallback/prod.json")) writeFileSync(file, "");
  const status = await run("status");
  expect(status.stderr).not.toContain("defect");
  expect(await run("state", "fallback", "prod", "--force")).toMatchObject({
    code: 13,
    stderr: expect.stringContaining("lifeboat state return prod"),
  });
  await site.store.open();
  expect(await run("state", "return", "prod", "--force")).toMatchObject({ code: 0 });
});

test("notes of what was seen that were cut off are no absence: the copy asks for consent [E4, E6]", async () => {
  for (const file of files("state-seen.json")) writeFileSync(file, "");
  await site.store.close();
  expect((await run("state", "fallback", "prod", "--dry-run")).stdout).toContain("--accept-stale");
});
