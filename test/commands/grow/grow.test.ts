import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Parameters } from "../../../proxmox/api/encoding";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { markOf } from "../../../site/mark";
import { AdoptedSite } from "../support/adopted-site";
import { killAt } from "../support/kill-at";
import { rewriteJournal } from "../support/rewrite-journal";
import type { RunResult } from "../support/run-bundle";

/** Containers with two disks that the settings own: `web` runs, `batch` is stopped, `seven` is adopted. */
const node = "pve-prod";
const template = "local:vztmpl/debian-12-standard_amd64.tar.zst";
const web = { id: 101, name: "web" };
const batch = { id: 102, name: "batch" };
type Owned = typeof web;

const disks = {
  data: "{ mount: /srv, storage: local, size: 2GiB }",
  cache:
    "{ mount: /var/cache/app, storage: data, size: 1GiB, backup: { exclude: rebuilt, owner: web team, until: 2035-12-31 } }",
};

let site: AdoptedSite;
let head: string;

beforeAll(async () => {
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests: [{ id: 107, name: "seven" }] }]);
  head = readFileSync(settingsFile(), "utf8");
  await make(web, true);
  await make(batch, false);
});

afterAll(() => site.stop());

function settingsFile(): string {
  return join(site.project, "Pulumi.prod.yaml");
}

async function make({ id, name }: Owned, started: boolean): Promise<void> {
  await site.on(node, async (client) => {
    const parameters: Parameters = {
      vmid: id,
      ostemplate: template,
      hostname: name,
      description: markOf({ environment: "prod", guest: name }),
      unprivileged: 1,
      rootfs: "local:1",
      mp0: "local:2,mp=/srv,backup=1",
      mp1: "data:1,mp=/var/cache/app",
      net0: "name=eth0,bridge=vmbr0,ip=dhcp",
    };
    requireSuccess(await client.tasks.wait(z.string().parse(await client.post(["nodes", node, "lxc"], parameters))));
    const guest = { node, type: "lxc", vmid: id } as const;
    if (started) requireSuccess(await client.tasks.wait(await client.guests.start(guest)));
  });
}

/** The settings of an owned guest, with other disks. */
function block({ id, name }: Owned, other: Readonly<Record<string, string>>, root = "1GiB"): string[] {
  const all = Object.entries({ ...disks, ...other }).filter(([, text]) => text !== "");
  return [
    `    ${name}:`,
    "      kind: container",
    `      id: ${String(id)}`,
    `      template: ${template}`,
    `      root: { storage: local, size: ${root} }`,
    "      disks:",
    ...all.map(([disk, text]) => `        ${disk}: ${text}`),
    "      network: { bridge: vmbr0, address: dhcp }",
  ];
}

function writeSettings(...blocks: readonly (readonly string[])[]): void {
  writeFileSync(settingsFile(), [head.trimEnd(), ...blocks.flat(), ""].join("\n"));
}

function configuration({ id }: Owned): Promise<Readonly<Record<string, string>>> {
  return site.on(node, (client) => client.guests.guestConfig({ node, type: "lxc", vmid: id }));
}

function change({ id }: Owned, parameters: Parameters): Promise<void> {
  return site.on(node, (client) => client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, parameters));
}

/** The folder that stands for a disk. */
function folder(volume: string): string {
  const [storage, path = ""] = volume.split(",")[0]?.split(":") ?? [];
  return site.nodePath(node, join(storage === "data" ? "mnt/data" : "var/lib/vz", "images", path));
}

/** Everything that was sent and was no GET. */
function changes(): string[] {
  return site
    .requests(node)
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path}`);
}

function grow(...argv: string[]): Promise<RunResult> {
  return site.lifeboat(["grow", ...argv]);
}

const reportSchema = z.looseObject({
  grown: z.array(z.looseObject({ key: z.string(), from: z.number(), bytes: z.number() })),
  added: z.array(z.looseObject({ key: z.string() })),
  next: z.string(),
  findings: z.array(z.looseObject({ severity: z.string(), text: z.string(), mend: z.string().optional() })),
});

test("a dry run shows what is there and what is wanted, and sends nothing but GETs [A11]", async () => {
  writeSettings(
    block(web, {
      data: "{ mount: /srv, storage: local, size: 3GiB }",
      logs: "{ mount: /zlogs, storage: data, size: 1GiB }",
    }),
  );
  const before = changes().length;
  const { code, stdout } = await grow("web", "--dry-run");
  expect(stdout).toContain("grow disk data (mp0) and its file system from 2GiB to 3GiB, while the guest runs");
  expect(stdout).toContain("make an empty disk logs (mp2) of 1GiB on data, mounted at /zlogs");
  expect(stdout).toContain("Flags that answer all questions: --force");
  expect(code).toBe(0);
  expect(changes().length).toBe(before);
});

test("without --force a script gets the plan and nothing is changed [A11]", async () => {
  const before = changes().length;
  const { code, stderr } = await grow("web");
  expect(stderr).toContain("HINT: add --force");
  expect(code).toBe(2);
  expect(changes().length).toBe(before);
});

test.each([
  ["want another size", "size: 4GiB"],
  ["want the size that is there", "size: 2GiB"],
])(
  "settings that %s while the plan stands: nothing grows, which nothing could take back [A11, K1]",
  async (_, size) => {
    writeSettings(block(web, { data: "{ mount: /srv, storage: local, size: 3GiB }" }));
    const text = readFileSync(settingsFile(), "utf8").replace("size: 3GiB", size);
    const { mp0 } = await configuration(web);
    const { code, stderr } = await site.lifeboat(["grow", "web", "--force"], {
      onWrite: ({ moment, number }) => {
        if (moment === "before" && number === 1) writeFileSync(settingsFile(), text);
      },
    });
    expect([code, stderr]).toEqual([
      13,
      expect.stringContaining("the guest's settings changed since the plan was made"),
    ]);
    expect((await configuration(web))["mp0"]).toBe(mp0);
  },
);

test("disks grow and are added with the data on them, without a reboot; then there is nothing to do [A11]", async () => {
  writeSettings(
    block(
      web,
      { data: "{ mount: /srv, storage: local, size: 3GiB }", logs: "{ mount: /zlogs, storage: data, size: 1GiB }" },
      "2GiB",
    ),
  );
  const before = await configuration(web);
  const file = join(folder(before["mp0"] ?? ""), "kept.txt");
  writeFileSync(file, "written before\n");
  const sent = changes().length;
  const { code, stdout } = await grow("web", "--force", "--json");
  expect(code).toBe(0);
  const report = reportSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  expect(report.grown.map(({ key, from, bytes }) => [key, from, bytes])).toEqual([
    ["rootfs", 2 ** 30, 2 ** 31],
    ["mp0", 2 ** 31, 3 * 2 ** 30],
  ]);
  expect(report.added.map(({ key }) => key)).toEqual(["mp2"]);
  expect(report.next).toBe('eval "$(lifeboat env prod)" && pulumi up --refresh -s prod');
  expect(report.findings).toMatchObject([
    { severity: "note", text: "not looked at inside the guest: data, logs" },
    { severity: "todo", mend: 'eval "$(lifeboat env prod)" && pulumi up --refresh -s prod' },
    {},
  ]);
  expect(changes().slice(sent)).toEqual([
    `PUT /nodes/${node}/lxc/101/resize`,
    `PUT /nodes/${node}/lxc/101/resize`,
    `PUT /nodes/${node}/lxc/101/config`,
  ]);
  const after = await configuration(web);
  expect(after["rootfs"]).toMatch(/,size=2G$/u);
  expect(after["mp0"]).toBe(before["mp0"]?.replace("size=2G", "size=3G"));
  expect(after["mp1"]).toBe(before["mp1"]);
  expect(after["mp2"]).toMatch(/^data:101\/.*,mp=\/zlogs,backup=1,size=1G$/u);
  expect(readFileSync(file, "utf8")).toBe("written before\n");
  const again = await grow("web", "--force");
  expect(again.stdout).toContain("Every disk of prod/web is there and has the size that the settings say.");
  expect(again.code).toBe(0);
});

/** `web` as the test before has left it. */
const present = {
  data: "{ mount: /srv, storage: local, size: 3GiB }",
  logs: "{ mount: /zlogs, storage: data, size: 1GiB }",
};

test.each<[string, Record<string, string>, number, string]>([
  [
    "a disk that comes before the others in the order of paths",
    { ...present, early: "{ mount: /opt, storage: local, size: 1GiB }" },
    13,
    "`slot: 3` in disks.early",
  ],
  ["a disk that is to be smaller", { ...present, data: disks.data }, 13, "disk data (mp0) has 3GiB, 2GiB is wanted"],
  ["a disk that the settings have no more", { data: present.data }, 13, "pct set 101 --delete mp2"],
  [
    "a disk on another storage",
    { ...present, logs: "{ mount: /zlogs, storage: local, size: 1GiB }" },
    13,
    "pct move-volume 101 mp2 local",
  ],
])("refused with the way, and nothing changed: %s [A11]", async (_, changed, code, text) => {
  writeSettings(block(web, changed, "2GiB"));
  const before = changes().length;
  const result = await grow("web", "--force");
  expect(result.stderr).toContain(text);
  expect(result.code).toBe(code);
  expect(changes().length).toBe(before);
});

test("guests that are not Lifeboat's, protected or locked are left alone [A11, A14]", async () => {
  writeSettings(block(batch, { data: "{ mount: /srv, storage: local, size: 4GiB }" }));
  const adopted = await grow("seven");
  expect(adopted.stderr).toContain("seven is adopted");
  expect(adopted.code).toBe(2);
  await change(batch, { protection: true });
  const kept = await grow("batch", "--force");
  expect(kept.stderr).toContain("batch is protected in Proxmox");
  expect(kept.code).toBe(13);
  await change(batch, { protection: false, description: "somebody else's" });
  const strange = await grow("batch", "--force");
  expect(strange.stderr).toContain("does not bear Lifeboat's mark");
  expect(strange.code).toBe(13);
  await change(batch, { description: markOf({ environment: "prod", guest: "batch" }) });
});

test("the answer to a new disk is lost while the node makes it: one disk, found again [A11]", async () => {
  writeSettings(block(batch, { more: "{ mount: /zmore, storage: local, size: 1GiB }" }));
  await site.fault("answer-596", { path: "PUT /nodes/.*/lxc/102/config", times: "1" });
  const { code, stderr } = await grow("batch", "--force");
  expect(stderr).not.toContain("Unable");
  expect(code).toBe(0);
  const { mp2 = "", mp3 } = await configuration(batch);
  expect(mp2).toContain("mp=/zmore");
  expect(mp3).toBeUndefined();
  expect(existsSync(folder(mp2))).toBe(true);
});

test("a number that was taken while it was down: said, and with other settings another plan is made [A11]", async () => {
  await removeAdded();
  const data = `{ mount: /srv, storage: local, size: 40GiB }`;
  const more = "{ mount: /zmore, storage: local, size: 1GiB }";
  writeSettings(block(batch, { data, more }));
  // Killed when the disk has grown, before the other one is made.
  await site.lifeboat(["grow", "batch", "--force"], { killAt: "after 8" });
  const { mp0 = "", mp2 } = await configuration(batch);
  expect([mp0.includes("size=40G"), mp2]).toEqual([true, undefined]);
  await change(batch, { mp2: "local:1,mp=/zother,backup=1" });
  const taken = await grow("batch", "--force");
  expect(taken.stderr).toContain("mp2 is another disk by now");
  expect(taken.code).toBe(13);
  writeSettings(block(batch, { data, other: "{ mount: /zother, storage: local, size: 1GiB, slot: 2 }", more }));
  const after = await grow("batch", "--force");
  expect(after.stderr).toContain("is not resumed: the settings have changed since");
  expect(after.code).toBe(0);
  expect((await configuration(batch))["mp3"]).toContain("mp=/zmore");
});

test("a journal of the version before is resumed [A11, K4]", async () => {
  await removeAdded();
  const more = "{ mount: /zmore, storage: local, size: 1GiB }";
  writeSettings(block(batch, { data: "{ mount: /srv, storage: local, size: 42GiB }", more }));
  expect((await site.lifeboat(["grow", "batch", "--force"], killAt("after", 8))).code).toBeNull();
  rewriteJournal(site.stateFolder("prod"), ({ id, startedAt, updatedAt, steps, inputs }) => {
    const ended = { startedAt, findings: [], finishedAt: updatedAt, seconds: 0.2 };
    const { upid } = steps["grow-mp0"]?.facts ?? {};
    return {
      version: 1,
      id,
      state: "open",
      startedAt,
      updatedAt,
      steps: {
        recheck: { state: "done", facts: {}, ...ended },
        "grow-mp0": { state: "done", facts: { knownTasks: "", asked: true, sent: true, upid }, ...ended },
        "add-mp2": { state: "started", startedAt, facts: {}, findings: [] },
      },
      kind: "grow-disks",
      command: "lifeboat grow prod/batch --force",
      guest: { environment: "prod", name: "batch", id: 102, node },
      request: {},
      inputs: {
        "the guest's configuration": inputs["the guest's configuration"],
        "the guest's settings": inputs["the guest's settings"],
      },
      plan: {
        environment: "prod",
        guest: "batch",
        target: { node, type: "lxc", vmid: 102 },
        running: false,
        growths: [{ key: "mp0", disk: "data", storage: "local", from: 2 ** 31, bytes: 42 * 2 ** 30 }],
        additions: [{ key: "mp2", disk: "more", storage: "local", bytes: 2 ** 30, mount: "/zmore", backup: true }],
      },
    };
  });
  const sent = changes().length;
  const { code, stderr } = await grow("batch", "--force");
  expect([code, stderr]).toEqual([0, expect.stringContaining("has not ended; it stopped in step 'Add more (mp2)")]);
  expect(changes().slice(sent)).toEqual([`PUT /nodes/${node}/lxc/102/config`]);
});

test("what was begun before stays half done until what is planned instead is begun [A11, K4]", async () => {
  await removeAdded();
  const data = "{ mount: /srv, storage: local, size: 44GiB }";
  writeSettings(block(batch, { data, more: "{ mount: /zmore, storage: local, size: 1GiB }" }));
  expect((await site.lifeboat(["grow", "batch", "--force"], killAt("after", 8))).code).toBeNull();
  writeSettings(block(batch, { data, more: "{ mount: /zmore, storage: local, size: 2GiB }" }));
  const declined = await grow("batch");
  expect([declined.code, declined.stderr]).toEqual([2, expect.stringContaining("the settings have changed since")]);
  const backup = await site.lifeboat(["backup", "batch"]);
  expect([backup.code, backup.stderr]).toEqual([11, expect.stringContaining("a change of the disks of prod/batch")]);
  expect((await grow("batch", "--force")).code).toBe(0);
  expect((await configuration(batch))["mp2"]).toContain("size=2G");
  expect((await site.lifeboat(["backup", "batch"])).code).toBe(0);
});

test("killed before anything was sent: planned anew, with what the guest has become since [A11, K4]", async () => {
  await removeAdded();
  writeSettings(block(batch, { data: "{ mount: /srv, storage: local, size: 46GiB }" }));
  const { code } = await site.lifeboat(["grow", "batch", "--force"], {
    onWrite: ({ moment, text }, run) => {
      if (moment === "after" && /"recheck": \{\s+"state": "done"/u.test(text)) run.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  const before = changes().length;
  await change(batch, { description: markOf({ environment: "prod", guest: "other" }) });
  const stranger = await grow("batch", "--force");
  expect([stranger.code, stranger.stderr]).toEqual([13, expect.stringContaining("it has not its mark")]);
  expect(changes().slice(before)).toEqual([`PUT /nodes/${node}/lxc/102/config`]);
  await change(batch, { description: markOf({ environment: "prod", guest: "batch" }) });
  const again = await grow("batch", "--force");
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("nothing of it was sent")]);
});

test("killed between two disks, and changed since: nothing is done to a disk that was not in the plan [A11, K4]", async () => {
  await removeAdded();
  const more = "{ mount: /zmore, storage: local, size: 1GiB }";
  writeSettings(block(batch, { data: "{ mount: /srv, storage: local, size: 48GiB }", more }));
  expect((await site.lifeboat(["grow", "batch", "--force"], killAt("after", 8))).code).toBeNull();
  const left = await site.lifeboat(["abandon", "batch", "--dry-run", "--json"]);
  expect(
    JSON.parse(left.stdout).plan.operations[0].leaves.filter(({ about }: { about: string }) =>
      about.startsWith("disk "),
    ),
  ).toEqual([
    {
      about: "disk data (mp0)",
      is: expect.stringMatching(/^has 48 ?GiB; 48 ?GiB were planned$/u),
      known: true,
      next: "lifeboat grow prod/batch --dry-run",
    },
    {
      about: "disk more (mp2)",
      is: expect.stringMatching(/^(?:is not there|has 1 ?GiB); 1 ?GiB were planned$/u),
      known: true,
      next: "lifeboat grow prod/batch --dry-run",
    },
  ]);
  await change(batch, { description: markOf({ environment: "prod", guest: "other" }) });
  const before = changes().length;
  const stranger = await grow("batch", "--force");
  expect([stranger.code, stranger.stderr]).toEqual([13, expect.stringContaining("it has not its mark")]);
  expect(changes().slice(before)).toEqual([]);
  await change(batch, { description: markOf({ environment: "prod", guest: "batch" }) });
  expect((await grow("batch", "--force")).code).toBe(0);
});

/** The guest is stopped: the disks and their volumes go at once. */
async function removeAdded(): Promise<void> {
  const present = await configuration(batch);
  const added = ["mp2", "mp3"].filter((key) => present[key] !== undefined);
  if (added.length > 0) await change(batch, { delete: added });
  const unused = Object.keys(await configuration(batch)).filter((key) => key.startsWith("unused"));
  if (unused.length > 0) await change(batch, { delete: unused });
}
