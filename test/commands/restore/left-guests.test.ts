import { requireSuccess } from "../support/kit";
import { node, RestoreSite } from "./restore-site";

/** Guests that have left the settings: their archives are there, and lead back to them. */
let site: RestoreSite;

const containers = [
  { id: 101, name: "web" },
  { id: 102, name: "mail" },
  { id: 150, name: "old-shop" },
  { id: 151, name: "by-hand", unmarked: true },
  { id: 152, name: "first" },
  { id: 153, name: "living" },
];

beforeAll(async () => {
  site = await RestoreSite.start(containers);
  const settings = site.read("Pulumi.prod.yaml");
  const gone = ["old-shop", "by-hand", "first", "living"];
  for (const { id, name } of containers) {
    if (!gone.includes(name)) continue;
    await site.backUp(id, { "notes-template": "{{guestname}} ({{vmid}})" });
    if (name !== "living") await site.destroy(id);
  }
  site.write("Pulumi.prod.yaml", gone.reduce(without, settings));
});

afterAll(() => site.stop());

const run = (...words: string[]) => site.lifeboat(words);

/** The settings without a guest. */
function without(text: string, name: string): string {
  return text.replace(new RegExp(`^ {4}"?${name}"?:\\n(?: {5,}.*\\n)+`, "mu"), "");
}

/** As `pvesm set backup --disable` does it on the node. */
async function setDisabled(disable: boolean): Promise<void> {
  const root = site.rootClient();
  await root.put(["storage", "backup"], { disable });
  await root.close();
}

const flat = (text: string): string => text.replaceAll(/\s+/gu, " ");

test.each(["150", "prod/150", "old-shop", "prod/old-shop"])(
  "%s lists the backups of a guest that has left the settings, and says that nothing makes more of them [D2, D15]",
  async (selector) => {
    const [archive] = await site.archives(150);
    const listed = await run("backups", selector, "--json");
    expect(listed.code).toBe(0);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      environment: "prod",
      guest: "old-shop",
      id: 150,
      backups: [{ archive: archive?.volid, stranger: null }],
    });
    expect(flat(listed.stderr)).toContain("old-shop is in no settings: no job of theirs backs it up");
    expect(listed.stderr).toContain("lifeboat restore guest prod/old-shop --dry-run");
  },
);

test("status mentions what guests have left behind that are gone, and is in order with it; not those that still are there [H6]", async () => {
  const { environments } = JSON.parse((await run("status", "--json")).stdout);
  const left: readonly { readonly id: number }[] = environments[0].left;
  expect(left.map(({ id }) => id)).toEqual([150, 151, 152]);
  const page = await run("status");
  expect(flat(page.stdout)).toMatch(
    /left 150 \('old-shop \(150\)'\): 1 backup of a guest that is gone, .*?: lifeboat backups prod\/150/u,
  );
});

test("it is restored by the name in its archives where it was, and says that no job has it; by hand it is adopted then [A10, D1, D15]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  const plan = await run("restore", "guest", "old-shop", "--dry-run");
  expect([plan.code, plan.stdout]).toEqual([0, expect.stringContaining("Plan: restore prod/old-shop (150) in place")]);
  const restored = await run("restore", "guest", "old-shop", "--force");
  expect([restored.code, await site.running(150)]).toEqual([0, true]);
  expect(flat(restored.stdout)).toContain("old-shop is in no settings: no job of theirs backs it up");
  expect(restored.stdout).toContain("lifeboat adopt prod/150");
  expect(restored.stdout).not.toContain("pulumi up");
  const refused = await run("adopt", "prod/150", "--force");
  expect([refused.code, flat(refused.stderr)]).toEqual([
    13,
    expect.stringContaining("take the line 'lifeboat: prod/old-shop' out of its notes"),
  ]);
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 150 }, { description: "an old shop" });
  expect((await run("adopt", "prod/150", "--force", "--owner", "shop team")).code).toBe(0);
  expect((await run("backups", "old-shop", "--json")).stdout).toContain('"stranger":null');
  site.write("Pulumi.prod.yaml", settings);
  await site.destroy(150);
});

test("one that was made by hand is known by its host name; a copy of it is taken back by its number [D5, D15]", async () => {
  const copied = await run("restore", "guest", "by-hand", "--target-id", "901", "--force");
  expect([copied.code, await site.exists(901)]).toEqual([0, true]);
  expect((await run("undo", "prod/151", "--force")).code).toBe(0);
  expect(await site.exists(901)).toBe(false);
});

test("killed half-way the restore is resumed by the same words [K4]", async () => {
  const words = ["restore", "guest", "prod/151", "--force"];
  const { code } = await site.lifeboat(words, {
    onWrite: ({ moment, text }, running) => {
      if (moment === "after" && /"restore": \{\s+"state": "done"/u.test(text)) running.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  const again = await run(...words);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("has not ended")]);
  expect(await site.running(151)).toBe(true);
  await site.destroy(151);
});

test("one that still is there is not overwritten: nobody knows what of it would be lost [D7, D16]", async () => {
  const before = await site.picture(153);
  const refused = await run("restore", "guest", "living", "--force", "--stop", "--accept-loss");
  expect([refused.code, flat(refused.stderr)]).toEqual([
    13,
    expect.stringMatching(/living \(153\) is still there on pve-prod.*lifeboat adopt prod\/153; or .*--target-id \d+/u),
  ]);
  expect(await site.picture(153)).toEqual(before);
});

test("nor is another under its number taken for it, by mark or by name [D15]", async () => {
  const { volid = "" } = (await site.archives(102))[0] ?? { volid: await site.backUp(102) };
  const disks = { rootfs: "local:1", mp0: "data:2,mp=/srv,backup=1" };
  const upid = await site.client.guests.restore({ node, type: "lxc", vmid: 151 }, { ostemplate: volid, ...disks });
  requireSuccess(await site.client.tasks.wait(upid));
  const refused = await run("restore", "guest", "by-hand", "--force", "--stop");
  expect([refused.code, flat(refused.stderr)]).toEqual([13, expect.stringContaining("is prod/mail, not prod/by-hand")]);
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 151 }, { description: "" });
  const unmarked = await run("restore", "guest", "by-hand", "--force", "--stop");
  expect([unmarked.code, flat(unmarked.stderr)]).toEqual([13, expect.stringContaining("is named 'mail'")]);
  await site.destroy(151);
});

test("a number that is another's in the settings by now: by its old name it is found, and comes back as a copy only [D15]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace("id: 102", "id: 152"));
  const listed = await run("backups", "first", "--json");
  expect(JSON.parse(listed.stdout)).toMatchObject({ guest: "first", id: 152, backups: [{ stranger: null }] });
  const refused = await run("restore", "guest", "first", "--force");
  expect([refused.code, flat(refused.stderr)]).toEqual([
    13,
    expect.stringMatching(/its number 152 is prod\/mail's in the settings now.*restore guest prod\/first --target-id/u),
  ]);
  expect((await run("restore", "guest", "first", "--target-id", "902", "--force")).code).toBe(0);
  site.write("Pulumi.prod.yaml", settings);
});

test("what is half done under the number that a guest had before is said, and is taken back by that number [K5]", async () => {
  const archive = (await site.archives(102))[0]?.volid ?? (await site.backUp(102));
  const words = ["restore", "guest", "mail", "--archive", archive, "--force", "--stop"];
  const { code } = await site.lifeboat(words, {
    onWrite: ({ moment, text }, killed) => {
      if (moment === "after" && /"stop": \{\s+"state": "done"/u.test(text)) killed.signal("SIGKILL");
    },
  });
  expect([code, await site.running(102)]).toEqual([null, false]);
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace("id: 102", "id: 199"));
  const open = /a restore of prod\/mail \(102\), begun at .* has not ended: .*lifeboat undo prod\/102/u;
  for (const command of [
    ["restore", "guest", "mail"],
    ["undo", "mail"],
    ["backup", "mail"],
  ]) {
    const said = await run(...command, "--force");
    expect([said.code === 0, flat(said.stderr)]).toEqual([false, expect.stringMatching(open)]);
  }
  expect((await run("undo", "prod/102", "--force")).code).toBe(0);
  expect(await site.running(102)).toBe(true);
  expect(flat((await run("undo", "mail", "--force")).stderr)).not.toContain("has not ended");
  site.write("Pulumi.prod.yaml", settings);
});

test("nobody's name is a mistake (2); where a storage could not be looked at, it is not known (14) [K6]", async () => {
  const nobody = await run("backups", "nobody");
  expect([nobody.code, flat(nobody.stderr)]).toEqual([
    2,
    expect.stringContaining("no guest 'nobody' in the settings of site, and no archive of one"),
  ]);
  await setDisabled(true);
  const unknown = await run("restore", "guest", "old-shop", "--dry-run");
  expect([unknown.code, flat(unknown.stderr)]).toEqual([
    14,
    expect.stringMatching(/whether archives of one are there is not known: prod: storage backup was not searched/u),
  ]);
  await setDisabled(false);
});
