import { cpSync, readFileSync } from "node:fs";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { killAt } from "../support/kill-at";
import { RecoverSite } from "./recover-site";
import { renaming, type ReplacedSite, startReplaced } from "./replaced-site";

/** `lifeboat recover --map`: the node is another one now, with another name, address and storages, and nothing on its disks. */

let replaced: ReplacedSite;
let lost: RecoverSite;
let fresh: ProxmoxClient;

beforeEach(async () => {
  replaced = await startReplaced();
  ({ lost, fresh } = replaced);
});

afterEach(() => replaced.stop());

const settings = (): string => lost.site.read("Pulumi.prod.yaml");

async function places(): Promise<Record<string, string>> {
  const guests = await fresh.cluster.guests();
  const found = await Promise.all(
    guests.map(async ({ vmid, node, type }) => {
      const { rootfs = "", mp0 = "" } = await fresh.guests.guestConfig({ vmid, node, type });
      const storages = [rootfs, mp0].map((disk) => disk.split(":")[0]).join(" ");
      return [String(vmid), `${node} ${storages}`] as const;
    }),
  );
  return Object.fromEntries(found);
}

test("a dry run shows every line of the settings that changes, and changes none [H5, K1]", async () => {
  const before = settings();
  const requests = lost.site.requests().length;
  const { code, stdout, stderr } = await lost.recover([...renaming, "--dry-run"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/new names: +pve-prod is pve-new now; local is tank now; data is tank now/u);
  expect(stdout).toMatch(
    /the node itself: +users, [^]*: lifeboat node-script pve-prod --map pve-prod=pve-new --storage data=tank,local=tank\n/u,
  );
  expect(stdout).toMatch(
    /Pulumi\.prod\.yaml is changed here, and nowhere else:\n +lifeboat:proxmox\.node +pve-prod +becomes +pve-new\n +lifeboat:guests\.web\.root\.storage +local +becomes +tank\n/u,
  );
  expect(stdout).toMatch(
    /1\. +write the new names into Pulumi\.prod\.yaml[^]*2\. +restore prod\/web, prod\/db[^]*3\. +pulumi stack export and import[^]*4\. +pulumi refresh/u,
  );
  const { stdout: json } = await lost.recover([...renaming, "--dry-run", "--json"]);
  expect(JSON.parse(json)).toMatchObject({
    plan: {
      map: {
        nodes: { "pve-prod": "pve-new" },
        storages: { local: "tank", data: "tank" },
        settings: [
          {
            environment: "prod",
            changes: expect.arrayContaining([{ path: ["lifeboat:proxmox", "node"], from: "pve-prod", to: "pve-new" }]),
          },
        ],
      },
      environments: [{ name: "prod", renamed: true }],
    },
  });
  expect(settings()).toBe(before);
  expect(
    lost.site
      .requests()
      .slice(requests)
      .filter(({ method }) => method !== "GET"),
  ).toEqual([]);
});

test("the site goes over to the new node: settings with their comments, guests on its storages, Pulumi's state [H1, H5]", async () => {
  const { code, stdout, stderr } = await lost.recover([...renaming, "--force"]);
  if (code !== 0) throw new Error(stdout + stderr);
  expect(await places()).toEqual({ 101: "pve-new tank tank", 102: "pve-new tank tank" });
  expect(settings()).toContain("node: pve-new,");
  expect(settings()).toContain("root: { storage: tank, size: 1GiB }");
  expect(settings()).toMatch(/# as the owner wrote it\n$/u);
  expect(settings()).not.toMatch(/pve-prod|storage: (?:local|data)/u);
  expect(await lost.recorded("web")).toMatchObject({ outputs: { nodeName: "pve-new", disk: { datastoreId: "tank" } } });
  // Under the new names everything is where it belongs; the same command finds nothing to rename.
  const again = await lost.recover([...renaming, "--force", "--json"]);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ proven: true });
});

test("cut off behind the settings, in a restore, and behind the restores: the same command goes on, and so does one that has forgotten the new names, or some of them [H5, K4]", async () => {
  const half = renaming.slice(0, 2);
  const runs = [
    [renaming, 3],
    [renaming, 9],
    [half, 14],
  ] as const;
  for (const [words, write] of runs) {
    const { code } = await lost.recover([...words, "--force", "--parallel", "1"], killAt("after", write));
    expect(code).not.toBe(0);
  }
  const { code, stdout, stderr } = await lost.recover(["--force"]);
  if (code !== 0) throw new Error(stdout + stderr);
  expect(stderr).toMatch(
    /cut off on its way to other names; it goes on with them: --map pve-prod=pve-new --storage data=tank,local=tank/u,
  );
  expect(await places()).toEqual({ 101: "pve-new tank tank", 102: "pve-new tank tank" });
  expect(await lost.recorded("web")).toMatchObject({ outputs: { nodeName: "pve-new" } });
});

test("the state as it was before is kept on this machine [H5, E3]", async () => {
  const { stdout } = await lost.recover([...renaming, "--force"]);
  const kept = /kept as (\S+\.json)/u.exec(stdout)?.[1];
  expect(readFileSync(kept ?? "", "utf8")).toContain('"nodeName":"pve-prod"');
});

test("names that cannot be right are refused, and nothing is written [H5, K2]", async () => {
  const before = settings();
  const refusals: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--storage", "local=tank"], 2, /which node/u],
    [["--map", "pve-prod"], 2, /no pair of names/u],
    [
      ["--map", "pve-pord=pve-new"],
      2,
      /no environment that is asked for has a node pve-pord[^]*nodes of the settings: pve-prod/u,
    ],
    [["--map", "pve-prod=pve-other"], 13, /has no node pve-other, but pve-new[^]*lifeboat:proxmox\.endpoint/u],
    [
      ["--map", "pve-prod=pve-new", "--storage", "local=tank"],
      13,
      /pve-new has no storage data[^]*--storage data=NEW \(there: .*tank/u,
    ],
  ];
  for (const [words, code, text] of refusals) {
    expect(await lost.recover([...words, "--force"])).toMatchObject({ code, stderr: expect.stringMatching(text) });
  }
  expect(settings()).toBe(before);
  expect(await places()).toEqual({});
});

test("names that have changed again, as another node stands in for the new one: which mapping is whole is said, and that one ends it [H5, K2, K4]", async () => {
  await replaced.stop();
  replaced = await startReplaced({ beside: ["pve-new", "pve-other"] });
  ({ lost, fresh } = replaced);
  expect((await lost.recover([...renaming, "--force"], killAt("after", 6))).code).not.toBe(0);
  const { site } = lost;
  site.write("Pulumi.prod.yaml", settings().replace(site.endpoint("pve-new"), site.endpoint("pve-other")));
  cpSync(site.nodePath("pve-new", "mnt/backup/dump"), site.nodePath("pve-other", "mnt/backup/dump"), {
    recursive: true,
  });
  expect(await lost.recover(["--dry-run"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/has no node pve-new, but pve-other[^]*--map pve-new=pve-other/u),
  });
  const { stdout } = await lost.recover(["--map", "pve-new=pve-other", "--force"]);
  expect(stdout).toMatch(
    /its state has resources on pve-prod, and \S+ has no such node \(where another stands in for it: lifeboat recover --only prod --map pve-prod=pve-other, and --storage OLD=NEW/u,
  );
  const last = await lost.recover(["--map", "pve-prod=pve-other", ...renaming.slice(2), "--force"]);
  expect(last.stdout).toMatch(/prod\/web +back\b/u);
  expect(last.stdout).not.toContain("is not brought up");
  expect(await lost.recorded("web")).toMatchObject({
    outputs: { nodeName: "pve-other", disk: { datastoreId: "tank" } },
  });
});

test("a node that is still a member of the cluster has not been replaced: its guests are there [H5, K6]", async () => {
  const cluster = await RecoverSite.start([{ id: 101, name: "web" }], { further: ["pve-new"] });
  try {
    expect(await cluster.recover(["--map", "pve-prod=pve-new", "--force"])).toMatchObject({
      code: 13,
      stderr: expect.stringMatching(/pve-prod is still a member of the cluster of pve-new[^]*pvecm delnode pve-prod/u),
    });
    expect(cluster.site.read("Pulumi.prod.yaml")).toContain("node: pve-prod");
    // One that kept its name is itself.
    const same = await cluster.recover(["--map", "pve-prod=pve-prod", "--force"]);
    expect(same.stderr).toContain("pve-prod kept its name");
    expect(same.stdout).toMatch(/^The site is back/u);
  } finally {
    await cluster.stop();
  }
});
