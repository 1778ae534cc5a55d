import { exitCodes } from "../../../scripts/terminal/exit-codes";
import { AdoptedSite } from "../support/adopted-site";
import type { RunResult } from "../support/run-bundle";

// Every operation on a guest asks what the token may do before it does anything.
const node = "pve-prod";
let site: AdoptedSite;

/** Everything that a token for these commands needs. */
const all = [
  "Sys.Audit",
  "Sys.Modify",
  "VM.Audit",
  "VM.Backup",
  "VM.Allocate",
  "VM.Snapshot",
  "VM.PowerMgmt",
  "VM.Config.Disk",
  "VM.Config.Network",
  "VM.Config.Options",
  "Datastore.AllocateSpace",
  "Datastore.Audit",
  "SDN.Use",
];

const commands = {
  restore: ["restore", "guest", "web", "--force", "--stop", "--accept-loss"],
  copy: ["restore", "guest", "web", "--target-id", "901", "--force"],
  undo: ["undo", "web", "--force", "--stop", "--accept-loss"],
  rollback: ["restore", "snapshot", "web", "before", "--force", "--stop"],
  backup: ["backup", "web"],
  backupAll: ["backup", "--all"],
  snapshot: ["backup", "snapshot", "web", "--name", "another"],
  due: ["backup", "snapshots", "--due"],
  forget: ["undo", "web", "--forget", "--force"],
} as const;

type CommandName = keyof typeof commands;

beforeAll(async () => {
  site = await AdoptedSite.start([
    {
      name: "prod",
      node,
      profile: "prod",
      guests: [
        {
          id: 101,
          name: "web",
          disk: "lvmthin",
          lines: ["unprivileged: 1"],
          settings: ['snapshots: { schedule: "*/6:00", keep: 2 }'],
        },
        { id: 102, name: "privileged" },
        { id: 103, name: "ordered", lines: ["unprivileged: 1", "startup: order=2"] },
      ],
    },
  ]);
  const others = ["privileged", "ordered"].map((guest) => ["backup", guest]);
  for (const argv of [
    ...others,
    commands.backup,
    commands.restore,
    ["backup", "snapshot", "web", "--name", "before"],
  ]) {
    const { code, stderr } = await site.lifeboat(argv);
    if (code !== exitCodes.done) throw new Error(stderr);
  }
});

afterAll(() => site.stop());

let tokens = 0;

/** A token with all of these privileges everywhere, but one. */
async function tokenWithout(privilege: string): Promise<Record<string, string>> {
  tokens += 1;
  const name = `without-${String(tokens)}`;
  const root = site.rootClient();
  const answer = await root.post(["access", "users", "lifeboat@pve", "token", name], { privsep: true });
  await root.post(["access", "roles"], { roleid: name, privs: all.filter((one) => one !== privilege).join(",") });
  await root.put(["access", "acl"], { path: "/", tokens: `lifeboat@pve!${name}`, roles: name });
  await root.close();
  const value = typeof answer === "object" && answer !== null && "value" in answer ? String(answer.value) : "";
  return { LIFEBOAT_PROXMOX_TOKEN: `lifeboat@pve!${name}=${value}` };
}

function told({ code, stderr }: RunResult): [number | null, string] {
  return [code, stderr.slice(Math.max(0, stderr.indexOf("Unable to")))];
}

const restores: readonly CommandName[] = ["restore", "copy", "undo"];

test.each<[string, readonly CommandName[]]>([
  ["nothing that is needed", []],
  ["Sys.Modify", []],
  ["VM.Allocate", restores],
  ["VM.Config.Disk", [...restores, "forget"]],
  ["VM.Config.Network", restores],
  ["VM.Config.Options", restores],
  ["SDN.Use", restores],
  ["Datastore.Audit", [...restores, "forget"]],
  ["VM.PowerMgmt", [...restores, "rollback"]],
  ["VM.Snapshot", ["rollback", "snapshot", "due"]],
  ["VM.Backup", [...restores, "backup", "backupAll", "forget"]],
  ["Datastore.AllocateSpace", [...restores, "backup", "backupAll", "forget"]],
])("without %s exactly these commands are refused while planning: %s [K6]", async (privilege, refused) => {
  const env = await tokenWithout(privilege);
  const names = Object.keys(commands) as CommandName[];
  for (const name of names) {
    const { code, stdout, stderr } = await site.lifeboat([...commands[name], "--dry-run"], { env });
    const result = [code, (stdout + stderr).replaceAll(/\s+/gu, " ")];
    const line = new RegExp(`${privilege} on /[^]* HINT: lifeboat doctor --print-setup `, "u");
    const expected = refused.includes(name)
      ? [exitCodes.unavailable, expect.stringMatching(line)]
      : [exitCodes.done, expect.any(String)];
    expect([name, ...result]).toEqual([name, ...expected]);
  }
});

test("the guest goes on running, nothing is sent, and the line is doctor's [K6]", async () => {
  const env = await tokenWithout("VM.Config.Disk");
  for (const name of ["restore", "undo"] as const) {
    const before = site.requests().length;
    expect(told(await site.lifeboat(commands[name], { env }))).toEqual([
      exitCodes.unavailable,
      expect.stringMatching(
        /VM\.Config\.Disk on \/vms\/101 is missing \(restore, deploy: it puts each volume on its own storage\)[^]*HINT: lifeboat doctor --print-setup prints the lines that give it/u,
      ),
    ]);
    expect(
      site
        .requests()
        .slice(before)
        .filter(({ method }) => method !== "GET"),
    ).toEqual([]);
  }
  const doctor = await site.lifeboat(["doctor"], { env });
  expect(doctor.stdout.replace(/\s+/gu, " ")).toContain(
    "VM.Config.Disk on /vms/101, /vms/102, /vms/103 is missing (restore, deploy: it",
  );
});

test.each([
  ["privileged", "makes a privileged container"],
  ["ordered", "sets the container's order of start"],
])("a copy of a container that is %s changes what only who may change the node may: %s [K6]", async (guest, why) => {
  const env = await tokenWithout("Sys.Modify");
  const copy = ["restore", "guest", guest, "--target-id", "902", "--force", "--dry-run"];
  expect(told(await site.lifeboat(copy, { env }))).toEqual([
    exitCodes.unavailable,
    expect.stringContaining(`Sys.Modify on / is missing (restore: it ${why})`),
  ]);
  expect((await site.lifeboat(copy)).code).toBe(exitCodes.done);
  const inPlace = ["restore", "guest", guest, "--force", "--stop", "--dry-run"];
  expect((await site.lifeboat(inPlace, { env })).code).toBe(exitCodes.done);
});

test("what the token may not see is not said to be absent: neither a save point nor a restore to take back [D3, D6, K6]", async () => {
  const env = await tokenWithout("Datastore.AllocateSpace");
  const elsewhere = { ...env, ...site.otherMachine() };
  const hint = "HINT: lifeboat doctor --print-setup prints the lines that give";
  const unseen = /storage backup was not searched: .*the token lacks .*Datastore.AllocateSpace on \/storage\/backup/u;
  const forgotten = await site.lifeboat(commands.forget, { env });
  expect(told(forgotten)).toEqual([
    14,
    expect.stringContaining("Datastore.AllocateSpace on /storage/backup is missing"),
  ]);
  const undone = await site.lifeboat(commands.undo, { env: elsewhere });
  expect(told(undone)).toEqual([14, expect.stringMatching(/no restore of web to take back was found/u)]);
  expect(undone.stderr).toMatch(unseen);
  for (const { stderr } of [forgotten, undone]) expect(stderr).toContain(hint);
});

test("save points are not given up half-way either [K6]", async () => {
  const env = await tokenWithout("Datastore.AllocateSpace");
  const before = site.requests().length;
  const { code } = await site.lifeboat(commands.forget, { env });
  expect(code).not.toBe(exitCodes.done);
  expect(
    site
      .requests()
      .slice(before)
      .filter(({ method }) => method !== "GET"),
  ).toEqual([]);
});
