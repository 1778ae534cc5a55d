import { rmSync } from "node:fs";
import { join } from "node:path";
import { ArchiveFiles } from "../support/site/archive-files";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { RestoreSite, node } from "./restore-site";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "bound", lines: ["mp5: /mnt/shared,mp=/shared", "mp6: /dev/sdz,mp=/device"] },
      { id: 110, name: "hooked", lines: ["dev0: /dev/dri/renderD128", "hookscript: local:snippets/hook.pl"] },
    ],
    { adjust: withLeftDisk },
  );
  site.declare("lab", { profile: "lab", node, ca: "site-ca.pem", guests: { other: ["adopt: 100"] } });
  await site.backUp(101);
  await site.backUp(102);
  await site.backUp(110);
});

afterAll(() => site.stop());

/** A disk of guest 902, which is no more. */
function withLeftDisk(cluster: StartCluster): StartCluster {
  const [first, ...others] = cluster.guests;
  if (first === undefined) return cluster;
  const path = "/mnt/data/images/902/vm-902-disk-0.raw";
  const left = { volid: "data:902/vm-902-disk-0.raw", path, format: "raw", size: 1024 ** 3, files: { kept: "kept\n" } };
  return { ...cluster, guests: [{ ...first, volumes: [...first.volumes, left] }, ...others] };
}

test("undoing a copy deletes only what the restore has made: disks and jobs with its number stay [D10, K4]", async () => {
  const root = site.rootClient();
  const job = { id: "by-hand", schedule: "02:00", storage: "backup", vmid: "101,902" };
  await root.post(["cluster", "backup"], job);
  const command = ["restore", "guest", "web", "--target-id", "902", "--force"];
  const refused = await site.lifeboat(command);
  expect([refused.code, refused.stderr]).toEqual([
    13,
    expect.stringMatching(
      /the id 902 has no guest, and is not unused: backup job by-hand names it, disk data:902\/vm-902-disk-0\.raw has its number[\s\S]*HINT: add --reuse-id=902/u,
    ),
  ]);
  const dry = await site.lifeboat([...command, "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan.warnings).toEqual([
    "no guest has the number 902, and it is not unused: backup job by-hand names it",
    "no guest has the number 902, and it is not unused: disk data:902/vm-902-disk-0.raw has its number",
  ]);
  const wrong = await site.lifeboat([...command, "--reuse-id=901"]);
  expect([wrong.code, await site.exists(902)]).toEqual([13, false]);
  expect((await site.lifeboat([...command, "--reuse-id=902"])).code).toBe(0);
  const requests = site.requests().length;
  const taken = await site.lifeboat(["undo", "web", "--dry-run"]);
  expect(taken.stdout.replaceAll(/\s+/gu, " ")).toMatch(
    /destroy guest \d+ on pve-prod and its disks, stopping it first/u,
  );
  expect((await site.lifeboat(["undo", "web", "--force"])).code).toBe(0);
  expect(await site.exists(902)).toBe(false);
  const deletions = site
    .requests()
    .slice(requests)
    .filter(({ method }) => method === "DELETE");
  expect(deletions.map(({ path, parameters }) => [path, parameters])).toEqual([[`/nodes/${node}/lxc/902`, {}]]);
  expect((await site.client.backups.backupJob("by-hand")).vmid).toBe("101,902");
  const left = await site.client.backups.volumesOf(node, "data", 902);
  expect(left.map(({ volid }) => volid)).toEqual(["data:902/vm-902-disk-0.raw"]);
  await root.delete(["cluster", "backup", "by-hand"]);
  await root.close();
});

test("an id that another environment declares, or that has archives, is not offered, and refused when it is named [D10]", async () => {
  const offered = async () => {
    const { stderr } = await site.lifeboat(["restore", "guest", "web", "--force"]);
    return /--target-id (\d+)/u.exec(stderr)?.[1];
  };
  // 100 is of lab, 101 and 102 are guests.
  expect(await offered()).toBe("103");
  new ArchiveFiles(site.nodePath(node, "/mnt/backup/dump")).put(103, 1_790_000_000, 512, "");
  expect(await offered()).toBe("104");
  const declared = await site.lifeboat(["restore", "guest", "web", "--target-id", "100", "--force"]);
  expect([declared.code, declared.stderr]).toEqual([13, expect.stringContaining("lab/other has it in the settings")]);
  const archived = await site.lifeboat(["restore", "guest", "web", "--target-id", "103", "--force"]);
  expect([archived.code, archived.stderr]).toEqual([13, expect.stringContaining("an archive on backup of pve-prod")]);
  expect([await site.exists(100), await site.exists(103)]).toEqual([false, false]);
});

test("settings of another environment that cannot be read may declare any id: the plan says so, and it takes consent [D10, K6]", async () => {
  site.write("Pulumi.broken.yaml", "config:\n  lifeboat:profile: nonsense\n");
  const dry = await site.lifeboat(["restore", "guest", "web", "--target-id", "905", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan.warnings).toContain(
    "what else has the number 905 is not known: the settings of broken cannot be read",
  );
  const command = ["restore", "guest", "web", "--target-id", "905", "--force"];
  const unsure = await site.lifeboat(command);
  expect([unsure.code, unsure.stderr]).toEqual([13, expect.stringContaining("add --reuse-id=905")]);
  expect(await site.exists(905)).toBe(false);
  rmSync(join(site.folder, "project/Pulumi.broken.yaml"));
});

test("a copy mounts no folder or device of the node, needs no root for that, and the plan says which it leaves out [D16, D10]", async () => {
  const command = ["restore", "guest", "bound", "--target-id", "906"];
  const dry = await site.lifeboat([...command, "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan.kept).toEqual(
    expect.arrayContaining([
      "/mnt/shared on the node: the original's; the copy does not mount it at /shared (mp5)",
      "/dev/sdz on the node: the original's; the copy does not mount it at /device (mp6)",
    ]),
  );
  expect((await site.lifeboat([...command, "--force"])).code).toBe(0);
  const copy = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 906 });
  expect(Object.keys(copy).filter((key) => /^mp\d/u.test(key))).toEqual(["mp0"]);
  const original = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 102 });
  expect(original["mp5"]).toBe("/mnt/shared,mp=/shared");
});

test("no container is restored live: told as a mistake of the command line [D4, K2]", async () => {
  const refused = await site.lifeboat(["restore", "guest", "web", "--live", "--target-id", "902", "--force"]);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining("web is a container, and Proxmox restores virtual machines live only"),
  ]);
});

const copyOf = (vmid: number): string[] => ["restore", "guest", "hooked", "--target-id", String(vmid)];

async function keysOf(vmid: number): Promise<string[]> {
  const configuration = await site.client.guests.guestConfig({ node, type: "lxc", vmid });
  return Object.keys(configuration).filter((key) => key === "dev0" || key === "hookscript");
}

describe("an archive with the original's hook script and device", () => {
  test("a token may not take them out: the copy is not started, and plan and report say why [D16, D10]", async () => {
    const dry = await site.lifeboat([...copyOf(907), "--dry-run", "--json"]);
    const { plan } = JSON.parse(dry.stdout);
    const why =
      "the copy gets dev0 (/dev/dri/renderD128) and hookscript (local:snippets/hook.pl) of its original, which only root@pam may take out: it is not started";
    expect(plan.warnings.join()).toContain(why);
    expect(plan.steps.map(({ id }: { id: string }) => id)).not.toContain("start");
    const done = await site.lifeboat([...copyOf(907), "--force", "--json"]);
    expect([done.code, JSON.parse(done.stdout).findings]).toEqual([
      0,
      [
        {
          severity: "todo",
          text: expect.stringContaining("guest 907 is not started: it has dev0, hookscript of its original"),
          mend: "pct set 907 --delete dev0,hookscript && pct start 907",
        },
      ],
    ]);
    expect([await keysOf(907), await site.running(907)]).toEqual([["dev0", "hookscript"], false]);
  });

  test("a wrong password of root@pam is found while it is planned: nothing is asked for, and the hint says where it is set [D16, K2]", async () => {
    const before = site.requests().length;
    const env = { ...site.env, LIFEBOAT_PROXMOX_ROOT_PASSWORD: "not-the-password" };
    const refused = await site.lifeboat([...copyOf(908), "--force"], { env });
    expect([refused.code, refused.stderr]).toEqual([
      14,
      expect.stringMatching(
        /root@pam cannot sign in: authentication failure[\s\S]*HINT: .*LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE/u,
      ),
    ]);
    const sent = site.requests().slice(before);
    expect(sent.filter(({ method }) => method !== "GET").map(({ path }) => path)).toEqual([
      expect.stringMatching(/\/access\/ticket$/u),
    ]);
  });

  test("with the password of root@pam they are taken out before the copy starts, and the original keeps them [D16, D10]", async () => {
    const env = { ...site.env, LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE: site.sandbox.layout.rootPasswordFile };
    const dry = await site.lifeboat([...copyOf(908), "--dry-run", "--json"], { env });
    expect(JSON.parse(dry.stdout).plan).toMatchObject({
      warnings: [],
      changed: expect.arrayContaining(["no dev0 (/dev/dri/renderD128)", "no hookscript (local:snippets/hook.pl)"]),
    });
    const before = site.requests().length;
    const done = await site.lifeboat([...copyOf(908), "--force"], { env });
    expect([done.code, await keysOf(908), await site.running(908)]).toEqual([0, [], true]);
    const asked = site.requests().slice(before);
    const sent = asked.filter(({ method, path }) => method !== "GET" && path.includes("/lxc/908/"));
    expect(sent.map(({ method, path }) => `${method} ${path.split("/908/")[1] ?? ""}`)).toEqual([
      "PUT config",
      "POST status/start",
    ]);
    expect(await keysOf(110)).toEqual(["dev0", "hookscript"]);
  });
});
