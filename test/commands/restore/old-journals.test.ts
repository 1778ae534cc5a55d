import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isSavePoint } from "../../../site/restore/save-point";
import { oldBundle, oldForget, oldGuests, oldRestore } from "./old-journals";
import { RestoreSite, node } from "./restore-site";

/** What the version before left half done is resumed by this one. */
let site: RestoreSite;
const { web, db, mail } = oldGuests;

beforeAll(async () => {
  site = await RestoreSite.start([web, db, mail].map(({ id, name }) => ({ id, name, unmarked: true })));
  for (const { id } of [web, db, mail]) await site.backUp(id);
});

afterAll(() => site.stop());

/** Its file among the journals of this machine. */
function leave(folder: string, journal: { readonly id: string }): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `${journal.id}.json`), `${JSON.stringify(journal, undefined, 2)}\n`);
}

async function newestArchive(id: number) {
  const [newest] = await site.archives(id);
  if (newest === undefined) throw new Error(`There is no archive of ${String(id)}.`);
  return newest;
}

function restores(): unknown[] {
  const posts = site.requests().filter(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`);
  return posts.map(({ parameters }) => parameters["vmid"]);
}

async function savePoints(id: number): Promise<number> {
  return (await site.archives(id)).filter(({ notes = "" }) => isSavePoint(notes)).length;
}

test("a restore of the version before is resumed; another request and other operations wait for it [K4]", async () => {
  leave(site.stateFolder(), oldRestore(web, await newestArchive(web.id), true));
  const other = await site.lifeboat(["restore", "guest", "web", "--storage", "data", "--force", "--stop"]);
  expect([other.code, other.stderr]).toEqual([
    11,
    expect.stringMatching(
      /a restore of prod\/web, begun at 2026-11-21 17:39 UTC, has not ended\nHINT: resume it: lifeboat restore guest prod\/web --stop --force; or take it back: lifeboat undo prod\/web/u,
    ),
  ]);
  const dry = await site.lifeboat(["restore", "guest", "web", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).resume).toMatchObject({
    operation: "101-20261121T173932793",
    startedAt: "2026-11-21T17:39:32.793Z",
    remaining: expect.arrayContaining([{ id: "restore", does: expect.stringContaining("overwrite web (101") }]),
  });
  const done = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  expect([done.code, restores(), await savePoints(web.id)]).toEqual([0, ["101"], 1]);
});

test("a deletion of save points of the version before is resumed [D6, K4]", async () => {
  const [savePoint] = await site.archives(web.id);
  if (savePoint === undefined) throw new Error("There is no save point.");
  leave(site.stateFolder(), oldForget(web, savePoint));
  // Without its mark nobody knows that it is the guest whose save points these are.
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: web.id }, { description: "lifeboat: prod/web" });
  const result = await site.lifeboat(["undo", "web", "--forget", "--force", "--json"]);
  expect([result.code, JSON.parse(result.stdout)]).toMatchObject([0, { deleted: [savePoint.volid] }]);
  expect(await savePoints(web.id)).toBe(0);
});

test("a batch of restores of the version before is resumed by its command [K4]", async () => {
  const journals = [
    oldRestore(db, await newestArchive(db.id), false),
    oldRestore(mail, await newestArchive(mail.id), false),
  ];
  const bundle = oldBundle(basename(site.stateFolder()), journals);
  leave(join(site.stateFolder(), "../several"), bundle);
  const before = restores().length;
  const result = await site.lifeboat(["restore", "guest", "db", "mail", "--force", "--stop", "--json"]);
  expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("Still to do: prod/db, prod/mail")]);
  expect(JSON.parse(result.stdout)).toMatchObject({ operation: bundle.id, findings: expect.any(Array) });
  expect(restores().slice(before).toSorted()).toEqual(["102", "103"]);
  const again = await site.lifeboat(["restore", "guest", "db", "mail", "--dry-run", "--json"]);
  // It is planned anew, and that version's guests bear no mark.
  expect(JSON.parse(again.stdout)).toHaveProperty("refused");
});
