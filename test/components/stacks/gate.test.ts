import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import type { Answer, Request } from "../../../proxmox/api/request";
import { roleGrants } from "../../../proxmox/rules/privileges";
import { createKeyPair } from "../../../site/state-store/keys";
import { checkNewStorage, passGate } from "../../../stacks/gate";
import { environmentOf, exampleContainer, exampleSettings, liveConfiguration } from "../../support/example-environment";
import { offsiteKeys } from "../../support/example-offsite";
import { runProgram } from "../../support/pulumi-mocks";
import { S3Server } from "../../support/s3-server";

const endpoint = "https://192.0.2.11:8006";

/** What a node answers, by `path?parameters`; an error is thrown, as the client's transport does. */
type Answers = Readonly<Record<string, unknown>>;

/** Everything that the program and its questions need, wherever it is asked for. */
const privileges = Object.fromEntries(
  roleGrants({ backupStorages: ["backup"], declaresStorage: true, pools: ["prod"] })
    .flatMap((grant) => grant.privileges)
    .map((privilege) => [privilege, 1]),
);

function holding(path: string, without?: string): Answers {
  const { [without ?? ""]: _left, ...held } = privileges;
  return { [`access/permissions?path=${path}`]: { [path]: held } };
}

function volidOf(vmid: number, day: string): string {
  return `backup:backup/vzdump-lxc-${String(vmid)}-${day}-01_00_00.tar.zst`;
}

function archiveOf(vmid: number, day: string, ctime: number): Readonly<Record<string, unknown>> {
  return { volid: volidOf(vmid, day), vmid, subtype: "lxc", size: 1, ctime };
}

/** The question for the configuration in an archive. */
function extracted(vmid: number, day: string, node = "pve-prod"): string {
  return `nodes/${node}/vzdump/extractconfig?volume=${volidOf(vmid, day)}`;
}

const twoNodes = [
  { node: "pve-prod", status: "online" },
  { node: "pve-old", status: "online" },
];

/** A node with storage `backup`, no guest, and no archive. */
const empty: Answers = {
  "cluster/resources?type=vm": [],
  "cluster/nextid": "100",
  "cluster/nextid?vmid=100": "100",
  "cluster/nextid?vmid=101": "101",
  "cluster/nextid?vmid=102": "102",
  nodes: [{ node: "pve-prod", status: "online" }],
  "cluster/backup": [],
  "cluster/backup/lifeboat-prod": proxmoxError("gone", "No such job"),
  "storage/backup": proxmoxError("gone", "storage 'backup' does not exist"),
  "nodes/pve-prod/time": { time: 1_795_200_000, localtime: 1_795_203_600, timezone: "Europe/Berlin" },
  "nodes/pve-prod/tasks?source=all&typefilter=vzdump&limit=50": [],
  "nodes/pve-prod/lxc/101/config": proxmoxError(
    "gone",
    "Configuration file 'nodes/pve-prod/lxc/101.conf' does not exist",
  ),
  "nodes/pve-prod/storage": [{ storage: "backup", type: "dir" }],
  "nodes/pve-prod/storage/backup/content?content=backup": [],
  "nodes/pve-prod/storage/backup/content?content=backup&vmid=100": [],
  "nodes/pve-prod/storage/backup/content?content=backup&vmid=101": [],
  "nodes/pve-prod/storage/backup/content?content=backup&vmid=102": [],
  "nodes/pve-old/storage/backup/content?content=backup&vmid=100": [],
  ...holding("/"),
  ...holding("/storage"),
  ...holding("/storage/backup"),
  ...holding("/storage/local"),
  ...holding("/storage/data"),
  ...holding("/sdn/zones/localnetwork"),
  ...holding("/vms"),
  ...holding("/vms/100"),
  ...holding("/vms/101"),
  ...holding("/vms/102"),
  ...holding("/vms/103"),
  ...holding("/pool/prod"),
};

function proxmoxError(
  kind: ProxmoxError["kind"],
  reason: string,
  parameters: Record<string, string> = {},
): ProxmoxError {
  return new ProxmoxError(kind, { endpoint, request: "GET", reason, parameters });
}

function clientWith(answers: Answers): { client: ProxmoxClient; methods: Set<string> } {
  const methods = new Set<string>();
  const send = async ({ method, path, parameters = {} }: Request): Promise<Answer> => {
    methods.add(method);
    const query = Object.entries(parameters).flatMap(([key, value]) =>
      value === undefined ? [] : `${key}=${String(value)}`,
    );
    const key = [path.join("/"), ...(query.length === 0 ? [] : [query.join("&")])].join("?");
    if (!Object.hasOwn(answers, key)) throw new Error(`the node was asked for ${key}`);
    const data = answers[key];
    if (data instanceof Error) throw data;
    return { data, total: undefined };
  };
  return { client: new ProxmoxClient({ endpoint, send, close: async () => undefined }), methods };
}

/** The example without its hazard: a folder on the node holds the only backups. */
const accepted = { hazard: "own-node", reason: "copied away every night", owner: "ops", until: "2035-12-31" };
const settings = { ...exampleSettings(), acknowledge: [accepted] };
const environment = environmentOf(settings);

async function pass(
  other: Answers,
  used = environment,
  { preview, ...recorded }: { readonly preview?: boolean } & Parameters<typeof passGate>[3] = {},
) {
  const { client, methods } = clientWith({ ...empty, ...other });
  const { result } = await runProgram({}, () => passGate(client, used, [], recorded), { preview: preview === true });
  return { facts: result, methods };
}

/** What the program warned of: Pulumi's mocks print it. */
function warnings(): string[] {
  return jest.mocked(console.warn).mock.calls.map(([text]) => String(text));
}

function firewallWarnings(): string[] {
  return warnings().filter((text) => text.includes("firewall"));
}

beforeEach(() => {
  jest.spyOn(console, "warn").mockImplementation();
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe("passGate", () => {
  test("a token that can only look makes previews of new guests, and no updates [A9, M1]", async () => {
    const none = { "access/permissions?path=/storage/backup": {}, "access/permissions?path=/vms/101": {} };
    await pass(none, environment, { preview: true });
    const missing = "the token lacks Datastore.AllocateSpace on /storage/backup and VM.Backup on /vms/101";
    expect(warnings().join("\n")).toContain(`${missing}, and an update with it is refused`);
    await expect(pass(none)).rejects.toThrow("whether storage backup holds archives of it cannot be seen");
  });

  test("asks with GETs only, and passes where ids are free and nothing is stored", async () => {
    const { facts, methods } = await pass({});
    expect([...methods]).toEqual(["GET"]);
    expect(facts?.guests).toMatchObject([{ occupant: { kind: "nobody" }, archives: { kind: "known", count: 0 } }]);
  });

  test("passes a guest of ours, and then asks for no archives and no free id", async () => {
    const { facts } = await pass({
      "cluster/resources?type=vm": [{ vmid: 101, node: "pve-prod", type: "lxc", status: "running", name: "web" }],
      "nodes/pve-prod/lxc/101/config": liveConfiguration(),
      "cluster/nextid": new Error("not to be asked"),
      "nodes/pve-prod/storage/backup/content?content=backup&vmid=101": new Error("not to be asked"),
    });
    expect(facts?.guests).toMatchObject([{ occupant: { kind: "container", name: "web" } }]);
    expect(facts?.guests[0]).not.toHaveProperty("archives");
    expect(warnings()).toEqual([
      expect.stringContaining("Backup job lifeboat-prod is not there although its guests are"),
    ]);
  });

  test("refuses a guest made by hand, and offers the next id that is free, not declared and without archives [A14]", async () => {
    const guests = { ...exampleSettings().guests, other: { adopt: 100 } };
    const passing = pass(
      {
        "nodes/pve-prod/lxc/101/config": { hostname: "legacy", digest: "d" },
        "cluster/nextid?vmid=101": proxmoxError("invalid", "Parameter verification failed.", {
          vmid: "CT 101 already exists",
        }),
        "cluster/nextid?vmid=100": proxmoxError("invalid", "Parameter verification failed.", {
          vmid: "CT 100 already exists",
        }),
        "cluster/nextid?vmid=102": "102",
        "cluster/nextid?vmid=103": "103",
        "nodes/pve-prod/storage/backup/content?content=backup&vmid=102": [
          { volid: "backup:backup/vzdump-lxc-102-2026_11_20-01_00_00.tar.zst", size: 1, ctime: 1_795_136_400 },
        ],
        "nodes/pve-prod/storage/backup/content?content=backup&vmid=103": [],
      },
      environmentOf({ ...settings, guests }),
    );
    await expect(passing).rejects.toThrow(pulumi.RunError);
    await expect(passing).rejects.toThrow(
      /101 \(legacy\) is on pve-prod and was not made by Lifeboat.*\nHINT: .*such as 103/,
    );
  });

  test.each<[string, Answers, RegExp]>([
    [
      "a virtual machine on another node",
      {
        "cluster/resources?type=vm": [{ type: "qemu", vmid: 101, node: "pve2", status: "running", name: "shop" }],
        "nodes/pve2/qemu/101/config": { name: "shop", digest: "d" },
        "cluster/nextid?vmid=101": proxmoxError("invalid", "no", { vmid: "VM 101 already exists" }),
        "cluster/nextid?vmid=102": "102",
      },
      /virtual machine 101 \(shop\) is on pve2/,
    ],
    [
      "a guest that the token may not see",
      {
        "nodes/pve-prod/lxc/101/config": proxmoxError("forbidden", "Permission check failed (/vms/101, VM.Audit)"),
        "cluster/nextid?vmid=101": proxmoxError("invalid", "no", { vmid: "VM 101 already exists" }),
      },
      /may not see/,
    ],
    [
      "archives of an id that is free",
      {
        "nodes/pve-prod/storage/backup/content?content=backup&vmid=101": [
          { volid: "backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst", size: 1, ctime: 1_795_136_400 },
        ],
      },
      /holds an archive of it, of 2026-11-20 01:00 UTC.*\nHINT: lifeboat restore guest web\n/,
    ],
    [
      "archives of it under another number, which it had before",
      {
        "nodes/pve-prod/storage/backup/content?content=backup": [
          archiveOf(111, "2026_11_19", 1_795_050_000),
          archiveOf(111, "2026_11_20", 1_795_136_400),
        ],
        [extracted(111, "2026_11_19")]: "#lifeboat%3A prod/web\nhostname: web\n",
        [extracted(111, "2026_11_20")]: "#lifeboat%3A prod/web\nhostname: web\n",
      },
      /Unable to create guest web \(101\): storage backup holds 2 archives of it, the newest of 2026-11-20 01:00 UTC, under number 111; it would be empty\nHINT: write `id: 111` in its settings, and then: lifeboat restore guest web\n/,
    ],
    [
      "archives that it has left on the node where it was",
      {
        nodes: twoNodes,
        "nodes/pve-old/storage": [{ storage: "backup", type: "dir" }],
        "nodes/pve-old/storage/backup/content?content=backup&vmid=101": [archiveOf(101, "2026_11_20", 1_795_136_400)],
      },
      /holds an archive of it, of 2026-11-20 01:00 UTC.*\nHINT: lifeboat restore guest web\n/,
    ],
    [
      "archives on a storage that only another node has",
      {
        nodes: twoNodes,
        "nodes/pve-prod/storage": [],
        "nodes/pve-old/storage": [{ storage: "backup", type: "dir" }],
        "nodes/pve-old/storage/backup/content?content=backup&vmid=101": [archiveOf(101, "2026_11_20", 1_795_136_400)],
      },
      /holds an archive of it, of 2026-11-20 01:00 UTC.*\nHINT: lifeboat restore guest web\n/,
    ],
    [
      "an archive under another number on the node where it was",
      {
        nodes: twoNodes,
        "nodes/pve-old/storage": [{ storage: "backup", type: "dir" }],
        "nodes/pve-old/storage/backup/content?content=backup&vmid=101": [],
        "nodes/pve-old/storage/backup/content?content=backup": [archiveOf(111, "2026_11_19", 1_795_050_000)],
        [extracted(111, "2026_11_19", "pve-old")]: "#lifeboat%3A prod/web\nhostname: web\n",
      },
      /holds an archive of it, of 2026-11-19 01:00 UTC, under number 111; it would be empty/,
    ],
    [
      "an older archive of it under a number that another has now",
      {
        "nodes/pve-prod/storage/backup/content?content=backup": [
          archiveOf(111, "2026_11_19", 1_795_050_000),
          archiveOf(111, "2026_11_20", 1_795_136_400),
        ],
        [extracted(111, "2026_11_19")]: "#lifeboat%3A prod/web\nhostname: web\n",
        [extracted(111, "2026_11_20")]: "#lifeboat%3A lab/git\nhostname: git\n",
      },
      /holds an archive of it, of 2026-11-19 01:00 UTC, under number 111; it would be empty/,
    ],
    [
      "a token that may not list archives (an empty list would prove nothing)",
      { "access/permissions?path=/vms/101": { "/vms/101": {} } },
      /cannot be seen\nHINT: grant the token VM\.Backup on \/vms\/101/,
    ],
    [
      "a wrong token",
      { "cluster/resources?type=vm": proxmoxError("unauthorized", "Authentication failed!") },
      /did not accept the credential.*\nHINT: check the API token/,
    ],
    [
      "a certificate that is not trusted",
      { "cluster/resources?type=vm": proxmoxError("untrusted", "self-signed") },
      /is not trusted.*\nHINT: name the CA/,
    ],
  ])("refuses %s", async (_what, answers, text) => {
    const passing = pass(answers);
    await expect(passing).rejects.toThrow(pulumi.RunError);
    await expect(passing).rejects.toThrow(text);
  });

  test("a preview works without the node; an update is refused: unknown is not free [A6, A15]", async () => {
    const down = { "cluster/resources?type=vm": proxmoxError("unreachable", "no route") };
    expect((await pass(down, environment, { preview: true })).facts).toBeUndefined();
    expect(warnings()).toEqual([
      expect.stringMatching(/Not checked: whether ids are free.*cannot be reached: no route/),
    ]);
    await expect(pass(down)).rejects.toThrow(
      /whether the ids of its guests are free.* cannot be asked: .*no route\nHINT: once the node answers.*guest: web/,
    );
  });

  test.each<[string, Answers, RegExp]>([
    ["an id", { "cluster/nextid?vmid=101": proxmoxError("lost", "596") }, /whether id 101 of guest web is free/],
    [
      "a storage",
      { "nodes/pve-prod/storage/backup/content?content=backup&vmid=101": proxmoxError("failed", "mount") },
      /whether storage backup holds archives of guest web/,
    ],
    [
      "a storage that a node which is offline may have for itself",
      { nodes: [{ node: "pve-prod" }, { node: "pve-old", status: "offline" }] },
      /whether storage backup holds archives of guest web.*pve-old: the node is offline/,
    ],
    [
      "a node that does not answer",
      { nodes: twoNodes, "nodes/pve-old/storage": proxmoxError("lost", "595") },
      /whether storage backup holds archives of guest web.*pve-old: .*595/,
    ],
    [
      "archives under other numbers",
      { "access/permissions?path=/vms": {} },
      /hether storage backup holds archives of guest web \(101\) under another number .*lacks VM.Backup on \/vms/,
    ],
    [
      "an archive under another number",
      {
        "nodes/pve-prod/storage/backup/content?content=backup": [archiveOf(111, "2026_11_19", 1_795_050_000)],
        [extracted(111, "2026_11_19")]: proxmoxError("failed", "zstd: unsupported format"),
      },
      /vzdump-lxc-111-2026_11_19-01_00_00.tar.zst cannot be read: zstd/,
    ],
    [
      "the node",
      { "cluster/resources?type=vm": proxmoxError("lost", "596") },
      /whether the ids of its guests are free/,
    ],
  ])(
    "%s that cannot be asked stops an update, unless it is accepted by name; a preview warns [A15]",
    async (_what, answers, text) => {
      await expect(pass(answers)).rejects.toThrow(text);
      jest.mocked(console.warn).mockClear();
      await pass(answers, environment, { preview: true });
      const unchecked = { ...accepted, hazard: "unchecked", guest: "web" };
      await pass(answers, environmentOf({ ...settings, acknowledge: [accepted, unchecked] }));
      expect(warnings()).toHaveLength(2);
    },
  );

  test("a privilege that would be missing half-way is known before: with doctor's line [B3, K6]", async () => {
    const lacking = holding("/storage/backup", "Datastore.Allocate");
    await expect(pass(lacking)).rejects.toThrow(
      /Unable to deploy prod: the token may not do all of it\n  Datastore\.Allocate on \/storage\/backup is missing \(.*deploy.*\nHINT: lifeboat doctor prod --print-setup/,
    );
    await pass(lacking, environment, { preview: true });
    expect(warnings()).toEqual([expect.stringMatching(/an update with it is refused:\n.*Datastore\.Allocate/)]);
  });

  test("a pool that is not there is known before [B3, K6]", async () => {
    const pooled = environmentWith({ pool: "prod" });
    await expect(pass({ pools: [{ poolid: "other" }] }, pooled)).rejects.toThrow("there is no pool prod");
    await pass({ pools: [{ poolid: "prod" }] }, pooled);
  });

  test("a job that the state does not know is known before [B3]", async () => {
    const job = { "cluster/backup": [{ id: "lifeboat-prod" }], "nodes/pve-prod/storage": [] };
    const storage =
      "urn:pulumi:prod::lifeboat::lifeboat:backups:BackupStorage$proxmoxve:storage/directory:Directory::backup-storage";
    await expect(pass(job, environment, { preview: true, recorded: [storage] })).rejects.toThrow(
      "backup job lifeboat-prod is there already",
    );
  });

  test("a job that somebody switched to other guests is noticed", async () => {
    for (const [job, switched] of [
      [{ vmid: "101" }, false],
      [{ all: 1 }, true],
      [{ pool: "prod" }, true],
    ] as const) {
      const { facts } = await pass({ "cluster/backup": [{ id: "lifeboat-prod", ...job }] });
      expect(facts?.jobIsSwitched).toBe(switched);
    }
  });

  test("where the token may not see jobs a preview goes on, and an update does not [A15]", async () => {
    const hidden = { "cluster/backup": proxmoxError("forbidden", "Sys.Audit") };
    expect((await pass(hidden, environment, { preview: true })).facts?.jobExists).toBeUndefined();
    expect(warnings().join()).toContain("Whether there is a backup job lifeboat-prod already could not be found out");
    await expect(pass(hidden)).rejects.toThrow("whether there is a backup job lifeboat-prod already");
  });

  test("a state that cannot be read stops an update of what is there already [A15, B3]", async () => {
    const job = { "cluster/backup": [{ id: "lifeboat-prod" }] };
    const unread = { recordedUnread: "unknown function" };
    await expect(pass(job, environment, unread)).rejects.toThrow(
      /whether the state of the stack knows .* lifeboat-prod/,
    );
    await pass(job, environment, { ...unread, preview: true });
  });

  test("a guest that went to another node since the list was made is found there, and is not one that cannot be seen", async () => {
    let looks = 0;
    const { client } = clientWith({
      ...empty,
      "cluster/nextid?vmid=101": proxmoxError("invalid", "no", { vmid: "CT 101 already exists" }),
      "nodes/pve3/lxc/101/config": proxmoxError("gone", "does not exist"),
      "nodes/pve2/lxc/101/config": liveConfiguration(),
      get "cluster/resources?type=vm"() {
        looks += 1;
        return [{ type: "lxc", vmid: 101, node: looks > 1 ? "pve2" : "pve3", status: "running", name: "web" }];
      },
    });
    await expect(runProgram({}, () => passGate(client, environment))).rejects.toThrow(
      /101 \(web\) is on pve2, and the settings say pve-prod/,
    );
  });

  describe("a guest with our mark's tag whose notes cannot be read [A11, A15]", () => {
    const tagged = { type: "lxc", vmid: 111, node: "pve-prod", status: "running", name: "web", tags: "lifeboat" };
    const there: Answers = {
      "cluster/resources?type=vm": [tagged],
      "cluster/nextid?vmid=111": proxmoxError("invalid", "no", { vmid: "CT 111 already exists" }),
    };
    const unsure = "whether guest 111 on pve-prod is guest web under another id could not be found out";
    const at = "nodes/pve-prod/lxc/111/config";

    test.each<[string, Answers]>([
      ["the token may not", { [at]: proxmoxError("forbidden", "Permission check failed") }],
      ["no answer comes", { [at]: proxmoxError("lost", "596") }],
      ["it is gone from its node, and its id is not free", { [at]: proxmoxError("gone", "does not exist") }],
      [
        "nor can the second look",
        { [at]: proxmoxError("gone", "no"), "cluster/nextid?vmid=111": proxmoxError("lost", "596") },
      ],
    ])("%s: an update is refused, a preview warns", async (_why, answers) => {
      await expect(pass({ ...there, ...answers })).rejects.toThrow(unsure);
      await pass({ ...there, ...answers }, environment, { preview: true });
      expect(warnings().join()).toContain("111 on pve-prod is guest web under another id");
    });

    test("it was deleted since the list was made: its id is free, and there is no such guest", async () => {
      await pass({ ...there, [at]: proxmoxError("gone", "does not exist"), "cluster/nextid?vmid=111": "111" });
    });

    test("it went to another node since: its mark is read there", async () => {
      let looks = 0;
      const { [at]: _config, ...answers } = { ...empty, ...there };
      const moved = {
        ...answers,
        [at]: proxmoxError("gone", "does not exist"),
        "nodes/pve2/lxc/111/config": liveConfiguration(),
        get "cluster/resources?type=vm"() {
          looks += 1;
          return [{ ...tagged, node: looks > 1 ? "pve2" : "pve-prod" }];
        },
      };
      const { client } = clientWith(moved);
      await expect(runProgram({}, () => passGate(client, environment))).rejects.toThrow(
        /change the id of guest web from 111 to 101: 111 on pve2 would be deleted/,
      );
    });
  });

  test("a defect of ours is no refusal: it keeps its stack", async () => {
    await expect(pass({ "cluster/backup": new TypeError("a defect") })).rejects.toThrow(TypeError);
  });

  test("a refusal has no frames, over which Node would take 15 seconds", async () => {
    const passing = pass({ "cluster/resources?type=vm": proxmoxError("unauthorized", "no") });
    await expect(passing).rejects.toMatchObject({ stack: expect.not.stringMatching(/\n\s+at /) });
  });
});

function environmentWith(other: Readonly<Record<string, unknown>>) {
  return environmentOf({ ...settings, guests: { web: { ...exampleContainer(), ...other } } });
}

describe("changes of a guest that is there (A11)", () => {
  const deployed: Answers = {
    "cluster/resources?type=vm": [
      { type: "lxc", vmid: 101, node: "pve-prod", status: "running", name: "web", tags: "lifeboat" },
    ],
    "cluster/backup": [{ id: "lifeboat-prod" }],
    "nodes/pve-prod/lxc/101/config": liveConfiguration(),
  };

  afterEach(() => {
    delete process.env["LIFEBOAT_ALLOW_REBOOT"];
  });

  test("nothing is said where nothing changes [A11]", async () => {
    await pass(deployed);
    expect(warnings()).toEqual([]);
  });

  test("a replacement is refused, in a preview too, with guest, disk, found, wanted and the way [A11]", async () => {
    const { disks } = exampleContainer();
    const grown = environmentWith({ disks: { ...disks, data: { ...disks.data, size: "30GiB" } } });
    await expect(pass({ ...deployed, "cluster/nextid": "100" }, grown, { preview: true })).rejects.toThrow(
      "Unable to update guest web (101): a change would replace it with an empty one\n" +
        "  disk data (mp0) has 20GiB, 30GiB is wanted\n" +
        '  HINT: lifeboat grow prod/web; then eval "$(lifeboat env prod)" && pulumi up --refresh -s prod',
    );
  });

  test("a pool of its own is no change: the cluster's list knows it [A11]", async () => {
    const [listed] = z.array(z.looseObject({})).parse(deployed["cluster/resources?type=vm"]);
    await pass(
      { ...deployed, "cluster/resources?type=vm": [{ ...listed, pool: "prod" }], pools: [{ poolid: "prod" }] },
      environmentWith({ pool: "prod" }),
    );
    expect(warnings()).toEqual([]);
  });

  test("another id: the guest under its mark is found, and would be deleted [A11]", async () => {
    const moved = environmentWith({ id: 102 });
    const answers: Answers = {
      ...deployed,
      "nodes/pve-prod/lxc/102/config": proxmoxError("gone", "does not exist"),
      "cluster/nextid?vmid=102": "102",
      "nodes/pve-prod/storage/backup/content?content=backup&vmid=102": [],
    };
    await expect(pass(answers, moved)).rejects.toThrow(/Unable to change the id of guest web from 101 to 102/);
  });

  test("a reboot is named in a preview, and refused in an update without consent [A11]", async () => {
    const larger = environmentWith({ memory: "1GiB" });
    await pass(deployed, larger, { preview: true });
    expect(warnings()).toEqual([
      expect.stringMatching(
        /This update reboots guest web \(101\): memory from 512MiB to 1GiB; it is refused without consent\n\s*HINT: eval "\$\(lifeboat env prod\)" && LIFEBOAT_ALLOW_REBOOT=web pulumi up -s prod/,
      ),
    ]);
    await expect(pass({ ...deployed, "cluster/nextid": "100" }, larger)).rejects.toThrow(
      "Unable to update guest web (101): it would reboot (memory from 512MiB to 1GiB), and nobody has consented to that\n" +
        'HINT: eval "$(lifeboat env prod)" && LIFEBOAT_ALLOW_REBOOT=web pulumi up -s prod',
    );
  });

  test("consent is for the guests that it names; a name that is none is told [A11]", async () => {
    const larger = environmentWith({ memory: "1GiB" });
    process.env["LIFEBOAT_ALLOW_REBOOT"] = "db, web";
    await pass(deployed, larger);
    expect(warnings()).toEqual([
      expect.stringContaining("LIFEBOAT_ALLOW_REBOOT names db, which is no guest of prod"),
      expect.stringContaining("This update reboots guest web (101): memory from 512MiB to 1GiB"),
    ]);
    process.env["LIFEBOAT_ALLOW_REBOOT"] = "db";
    await expect(pass(deployed, larger)).rejects.toThrow("nobody has consented");
  });

  test("where the node does not answer, what is left is said [A11]", async () => {
    const down = { "cluster/resources?type=vm": proxmoxError("unreachable", "no route") };
    await pass(down, environment, { preview: true });
    await pass(down, environmentOf({ ...settings, protectGuests: false }), { preview: true });
    expect(warnings()).toEqual([
      expect.stringContaining("reboot or replace a guest (Pulumi's protect still stops a replacement)"),
      expect.stringContaining("nothing stops a replacement: lifeboat:protectGuests is false"),
    ]);
  });
});

describe("checkNewStorage", () => {
  test("a storage that was made and that the node still does not list is unknown, and no guest is made [A11]", async () => {
    const { client } = clientWith({ ...empty, "nodes/pve-prod/storage": [] });
    const program = async (): Promise<void> => {
      const facts = await passGate(client, environment);
      await checkNewStorage(client, environment, facts, pulumi.output("backup"));
    };
    await expect(runProgram({}, program, { preview: false })).rejects.toThrow("does not list storage backup");
  });
});

describe("policies", () => {
  const expired = { exclude: "rebuilt at start", owner: "web team", until: "2026-11-19" };
  const broken = {
    ...settings,
    backup: { ...settings.backup, schedule: "sun 03:00" },
    guests: {
      web: {
        ...exampleContainer(),
        disks: { cache: { mount: "/c", storage: "local", size: "1GiB", backup: expired } },
      },
    },
  };
  const everything: Answers = {
    "cluster/nextid?vmid=101": proxmoxError("invalid", "no", { vmid: "CT 101 already exists" }),
  };

  test("all that are broken are told at once with the refusals, each with its path, guest and disk [A6, A7, A8]", async () => {
    const passing = pass({ ...everything, "cluster/nextid": "100" }, environmentOf(broken));
    await expect(passing).rejects.toThrow(pulumi.RunError);
    await expect(passing).rejects.toThrow(
      /^Unable to deploy prod: 2 policies are broken\n  lifeboat:backup\.schedule: 'sun 03:00' cannot meet the RPO of 1d 2h of web\n    longest gap: 2027-10-24 03:00 to 2027-10-31 03:00[^]*\n  lifeboat:guests\.web\.disks\.cache\.backup\.until: disk cache of guest web was left out of backups until 2026-11-19 only[^]*\n\nUnable to create guest web: id 101 belongs/,
    );
  });

  test("a suspended policy stops nothing, and every preview shows it until its day [A7]", async () => {
    const suspend = [
      { policy: "objectives", reason: "migration", owner: "ops", until: "2026-12-31" },
      { policy: "coverage", reason: "migration", owner: "ops", until: "2026-12-31" },
    ];
    await pass({}, environmentOf({ ...broken, suspend }));
    expect(
      warnings().filter((text) => text.includes("is suspended until 2026-12-31 (migration; owner: ops)")),
    ).toHaveLength(2);
    expect(warnings().filter((text) => text.includes("Suspended: lifeboat:"))).toHaveLength(2);
  });

  test("a suspension whose day is past counts no more, and that is said [A7]", async () => {
    const suspend = [{ policy: "objectives", reason: "migration", owner: "ops", until: "2026-11-19" }];
    await expect(pass({}, environmentOf({ ...broken, suspend }))).rejects.toThrow(/2 policies are broken/);
    expect(warnings()).toEqual([expect.stringContaining("ended on 2026-11-19 and has no effect")]);
  });

  test("a hazard is a warning that says how to accept it [A12]", async () => {
    await pass({}, environmentOf(exampleSettings()));
    expect(warnings()).toEqual([
      expect.stringMatching(
        /Hazard: lifeboat:backup\.storage: the only backups of web lie on their own node.*\n\s*HINT: .*hazard: own-node/,
      ),
    ]);
  });

  test("a disk of an adopted guest that Proxmox leaves out is found in its live configuration [A7, A10]", async () => {
    const adopted: Answers = {
      "cluster/resources?type=vm": [{ type: "lxc", vmid: 140, node: "pve-prod", status: "running", name: "legacy" }],
      "cluster/nextid?vmid=140": proxmoxError("invalid", "no", { vmid: "CT 140 already exists" }),
      "nodes/pve-prod/lxc/140/config": {
        rootfs: "local:140/d.raw,size=8G",
        mp0: "local:140/e.raw,mp=/srv,size=8G",
        digest: "d",
      },
    };
    const guests = { legacy: { adopt: 140 } };
    await expect(pass(adopted, environmentOf({ ...settings, guests }))).rejects.toThrow(
      /lifeboat:guests\.legacy\.disks\.mp0: disk mp0 \(local:140\/e\.raw\) of guest legacy is in no backup/,
    );
    const optOut = { exclude: "a cache", owner: "me", until: "2035-12-31" };
    const named = { legacy: { adopt: 140, disks: { mp0: { backup: optOut } } } };
    await expect(pass(adopted, environmentOf({ ...settings, guests: named }))).resolves.toBeDefined();
  });

  test("a new retention that removes more than a third is told with the archives that go [A12]", async () => {
    const archives = [10, 11, 12, 13, 14].map((day) => ({
      volid: `backup:backup/vzdump-lxc-101-2026_11_${day}-01_00_00.tar.zst`,
      vmid: 101,
      size: 1,
      ctime: Date.UTC(2026, 10, day) / 1000,
    }));
    await pass(
      {
        "cluster/backup/lifeboat-prod": { id: "lifeboat-prod", "prune-backups": { "keep-daily": "30" } },
        "nodes/pve-prod/storage/backup/content?content=backup": archives,
        "nodes/pve-prod/lxc/101/config": liveConfiguration(),
      },
      environmentOf({ ...settings, backup: { ...settings.backup, keep: { last: 3 } } }),
    );
    const hazard = warnings().find((text) => text.includes("Hazard"));
    expect(hazard).toContain("removes 3 of 5 archives at the next run");
    expect(hazard).toContain("- backup:backup/vzdump-lxc-101-2026_11_12-01_00_00.tar.zst");
    expect(hazard).not.toContain("2026_11_13");
  });

  test("a storage that cannot be listed is not an empty one: what the new retention removes is not known [A12, K6]", async () => {
    await pass(
      {
        "cluster/backup/lifeboat-prod": { id: "lifeboat-prod", "prune-backups": { "keep-daily": "30" } },
        "nodes/pve-prod/storage/backup/content?content=backup": proxmoxError(
          "failed",
          "storage 'backup' is not online",
        ),
        "nodes/pve-prod/lxc/101/config": liveConfiguration(),
      },
      environmentOf({ ...settings, backup: { ...settings.backup, keep: { last: 3 } } }),
      { preview: true },
    );
    expect(warnings().find((text) => text.includes("Hazard"))).toContain(
      "which archives the new retention removes at the next run is not known: storage backup could not be listed",
    );
  });
});

describe("firewall rules that have no effect", () => {
  const guarded = { ...exampleContainer(), network: { ...exampleContainer().network, firewall: true } };
  const used = environmentOf({ ...settings, guests: { web: guarded } });
  const card = "name=eth0,bridge=vmbr0,gw=192.0.2.1,hwaddr=BC:24:11:3D:14:E1,ip=192.0.2.101/24,type=veth";
  const on: Answers = {
    "cluster/resources?type=vm": [{ type: "lxc", vmid: 101, node: "pve-prod", status: "running", name: "web" }],
    "cluster/backup/lifeboat-prod": { id: "lifeboat-prod" },
    "nodes/pve-prod/lxc/101/config": liveConfiguration({ net0: `${card},firewall=1` }),
    "cluster/firewall/options": { enable: 1, digest: "d" },
    "nodes/pve-prod/lxc/101/firewall/options": { enable: 1, digest: "d" },
  };

  test("nothing is said while every switch is on [A12, B1]", async () => {
    await pass(on, used);
    expect(firewallWarnings()).toEqual([]);
  });

  test.each<[string, Answers, RegExp]>([
    [
      "the datacenter's is off",
      { "cluster/firewall/options": { digest: "d" } },
      /Hazard: lifeboat:guests: the firewall rules of web have no effect: the datacenter's firewall is off\n.*HINT: .*pvesh set \/cluster\/firewall\/options --enable 1; or accept it with .*hazard: firewall-off/u,
    ],
    [
      "the guest's is off",
      { "nodes/pve-prod/lxc/101/firewall/options": { enable: 0, digest: "d" } },
      /lifeboat:guests\.web\.network\.firewall: the firewall rules of web have no effect: the guest's own firewall is off\n.*pvesh set \/nodes\/pve-prod\/lxc\/101\/firewall\/options --enable 1/u,
    ],
  ])("a warning, never a stop: %s [A12, B1]", async (_, answers, expected) => {
    const { methods } = await pass({ ...on, ...answers }, used);
    expect(firewallWarnings()).toEqual([expect.stringMatching(expected)]);
    expect([...methods]).toEqual(["GET"]);
  });

  test("what the token may not see is not taken for off [D3, B1]", async () => {
    const hidden = proxmoxError("forbidden", "Permission check failed (/, Sys.Audit)");
    await pass({ ...on, "cluster/firewall/options": hidden, "nodes/pve-prod/lxc/101/firewall/options": hidden }, used);
    expect(firewallWarnings()).toEqual([]);
  });

  test("a guest that is not there yet is not asked for [B1]", async () => {
    await pass({ "cluster/firewall/options": {} }, used);
    expect(firewallWarnings()).toEqual([expect.stringContaining("the datacenter's firewall is off")]);
  });
});

describe("a guest that is not there, and whose archives lie only elsewhere", () => {
  const keys = offsiteKeys();
  const parent = mkdtempSync(join(tmpdir(), "lifeboat-gate-"));
  const ca = join(parent, "far-ca.pem");
  const name = "vzdump-lxc-101-2026_11_20-01_00_00.tar.zst";
  const folder = `archives/prod/web/${name}`;
  let far: S3Server;
  let declared: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    far = await S3Server.start(join(parent, "far"), {
      [keys.admin.accessKey]: ["*"],
      [keys.reader.accessKey]: ["far"],
    });
    copyFileSync(far.ca, ca);
    const offsite = { kind: "minio", endpoint: far.endpoint, bucket: "far", ca };
    declared = { ...settings, offsite, offsiteKeys: keys };
  });

  afterAll(async () => {
    await far.close();
    rmSync(parent, { recursive: true, force: true });
  });

  beforeEach(() => {
    far.dropBucket("far");
    far.makeBucket("far");
    far.failWith = undefined;
  });

  const elsewhere = (other: object = {}) => environmentOf({ ...declared, ...other });

  function copy(files: readonly string[] = [name, "SHA256SUMS"]): void {
    for (const file of files) far.put("far", `${folder}/${file}`, "x");
  }

  test("is not made empty: the copy and the command are named, in a preview too [A9, J3]", async () => {
    copy();
    const refused = new RegExp(
      `Unable to create guest web \\(101\\): s3://far at ${far.endpoint} holds an archive of it ${name}; it would be empty` +
        "\nHINT: lifeboat restore guest web --from offsite\n.*`fresh: true`",
      "u",
    );
    await expect(pass({}, elsewhere())).rejects.toThrow(refused);
    await expect(pass({}, elsewhere(), { preview: true })).rejects.toThrow(refused);
    // Whoever has said that it begins anew is not held up.
    await pass({}, elsewhere({ guests: { web: { ...exampleContainer(), fresh: true } } }));
  });

  test("an archive on the storage comes first: it is restored from there, and the bucket is not asked [A9]", async () => {
    copy();
    const here = { volid: `backup:backup/${name}`, size: 1, ctime: 1_795_136_400 };
    const before = far.requests.length;
    const answers = { "nodes/pve-prod/storage/backup/content?content=backup&vmid=101": [here] };
    await expect(pass(answers, elsewhere())).rejects.toThrow(
      /^Unable to create[^]*HINT: lifeboat restore guest web\n/u,
    );
    expect(far.requests.slice(before)).toEqual([]);
  });

  test("what a run has not finished, or is another guest's, is no archive of it; nor is there one before the bucket is made [A9]", async () => {
    copy([name]);
    far.put("far", `archives/prod/web-2/${name}/SHA256SUMS`, "x");
    far.put("far", `archives/prod/web-2/${name}/${name}`, "x");
    await pass({}, elsewhere());
    far.dropBucket("far");
    await pass({}, elsewhere());
    // The key that reads may come with the bucket only: whoever makes it knows that there is none.
    await pass({}, elsewhere({ offsiteKeys: { ...keys, reader: createKeyPair("stranger") } }));
  });

  test.each<[string, () => object]>([
    ["does not work now", () => ((far.failWith = 503), {})],
    ["refuses the key that reads", () => ({ offsiteKeys: { ...keys, reader: createKeyPair("stranger") } })],
    ["has no key", () => ({ offsiteKeys: undefined })],
  ])(
    "a service that %s is unknown, and no empty one: an update is refused unless it is accepted by name, a preview warns [A15]",
    async (_what, broken) => {
      const other = broken();
      const text = /hether archives of guest web \(101\) lie elsewhere could not be found out/u;
      await expect(pass({}, elsewhere(other))).rejects.toThrow(text);
      jest.mocked(console.warn).mockClear();
      await pass({}, elsewhere(other), { preview: true });
      expect(warnings()).toEqual([expect.stringMatching(text)]);
      const unchecked = { ...accepted, hazard: "unchecked", guest: "web" };
      await pass({}, elsewhere({ ...other, acknowledge: [accepted, unchecked] }));
      expect(warnings()).toHaveLength(2);
    },
  );
});

describe("checkNewStorage", () => {
  const withArchive: Answers = {
    ...empty,
    "nodes/pve-prod/storage/backup/content?content=backup&vmid=101": [{ volid: "backup:backup/x", size: 1, ctime: 1 }],
  };

  /** The storage is not there at first, and holds an archive as soon as it is. */
  async function check(preview: boolean, fresh = false) {
    const used = environmentOf({ ...settings, guests: { web: { ...exampleContainer(), fresh } } });
    const before = clientWith({ ...empty, "nodes/pve-prod/storage": [] }).client;
    const after = clientWith(withArchive).client;
    return runProgram(
      {},
      async () => checkNewStorage(after, used, await passGate(before, used), pulumi.output("backup")),
      { preview },
    );
  }

  test("ends the program before guests are made, when the new storage holds their archives [A9]", async () => {
    await expect(check(false)).rejects.toThrow(/holds an archive of it/);
  });

  test("has nothing to say in a preview, in which nothing is made", async () => {
    await expect(check(true)).resolves.toBeDefined();
  });

  test("lets a guest pass that is to begin anew [A9]", async () => {
    await expect(check(false, true)).resolves.toBeDefined();
  });
});
