import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { RestoreSite, node } from "./restore-site";
import type { RunResult } from "../support/run-bundle";
import { nodeShell, sshWords } from "../support/site/node-ssh";

let site: RestoreSite;
let overSsh: Record<string, string>;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
      { id: 104, name: "limited" },
      { id: 105, name: "mail" },
      { id: 106, name: "imported" },
    ],
    {
      adjust: (cluster) => ({
        ...cluster,
        storage: [
          ...cluster.storage,
          { storage: "vg", type: "lvm", vgname: "vg", content: "rootdir,images", capacity: String(2 * 1024 ** 3) },
        ],
      }),
    },
  );
  // Enough that a damaged byte in the middle is not in the first block, which holds the configuration.
  const content = randomBytes(400_000).toString("hex");
  await site.control({ command: "write", path: "/mnt/data/images/102/vm-102-disk-0.raw/large", content });
  for (const vmid of [101, 101, 102, 102, 104, 105, 105]) await site.backUp(vmid);
  overSsh = { PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? ""}`, LIFEBOAT_PROJECT: projectWithSsh() };
});

afterAll(() => site.stop());

const inPlace = (guest: string) => ["restore", "guest", guest, "--force", "--stop"];

/** Runs a command that must be refused, and proves that nothing was asked for and nothing is different. */
async function refused(vmid: number, argv: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
  const before = await site.picture(vmid);
  const requests = site.requests().length;
  const result = await site.lifeboat(argv, { env });
  const sent = site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(await site.picture(vmid)).toEqual(before);
  return result;
}

function told({ code, stderr }: RunResult): [number | null, string] {
  return [code, stderr.slice(Math.max(0, stderr.indexOf("Unable to")))];
}

function projectWithSsh(): string {
  const folder = join(site.project, "with-ssh");
  mkdirSync(folder);
  for (const file of ["Pulumi.yaml", "Pulumi.prod.yaml", "site-ca.pem"]) {
    const text = readFileSync(join(site.project, file), "utf8");
    writeFileSync(
      join(folder, file),
      text.replace("ca: site-ca.pem }", "ca: site-ca.pem, ssh: { user: root, port: 2222 } }"),
    );
  }
  return folder;
}

async function newest(vmid: number): Promise<[string, string]> {
  const [first, second] = await site.archives(vmid);
  return [first?.volid ?? "", second?.volid ?? ""];
}

test("an archive is read to its end over SSH before anything is touched, and the report says so [D9]", async () => {
  const result = await site.lifeboat([...inPlace("web"), "--json"], { env: overSsh });
  expect([result.code, JSON.parse(result.stdout)]).toEqual([0, expect.objectContaining({ archiveRead: true })]);
  const words = readFileSync(sshWords(site), "utf8");
  expect(words).toContain("BatchMode=yes\n");
  expect(words).toMatch(/\n2222\n-l\nroot\n--\n127\.0\.0\.1\nperl - \/mnt\/backup\/dump\/vzdump-lxc-101-\S+\n$/u);
});

test("a flipped bit is found before anything is touched; the next older archive is named with its command [D9, 004 CL4]", async () => {
  const [damaged, older] = await newest(102);
  await site.fault("archive-flipped", { volid: damaged });
  expect(told(await refused(102, inPlace("db"), overSsh))).toEqual([
    13,
    expect.stringMatching(
      new RegExp(`${damaged} is damaged: [\\s\\S]*HINT: .*lifeboat restore guest prod/db --archive ${older}`, "u"),
    ),
  ]);
});

test("without SSH, or when it fails, the archive is not read and the plan and the report say so [D9]", async () => {
  const dry = await site.lifeboat(["restore", "guest", "web", "--dry-run"]);
  expect(dry.stdout).toContain("Not read to its end before: no SSH to the node.");
  const failed = await site.lifeboat([...inPlace("web"), "--json"], { env: { ...overSsh, SSH_FAILS: "1" } });
  const report = JSON.parse(failed.stdout);
  expect([failed.code, report.archiveRead]).toEqual([0, false]);
  expect(report.findings).toContainEqual(
    expect.objectContaining({ severity: "todo", text: expect.stringContaining("Permission denied (publickey).") }),
  );
});

test("what verify has found of an archive cannot be read: the plan says that it may be known to be damaged [D9, K6]", async () => {
  const [newest] = await site.archives(105);
  const show = () => site.lifeboat(["restore", "guest", "mail", "--dry-run"]);
  const doubt = `what 'lifeboat verify' has found of ${newest?.volid ?? ""} could not be read: it may be known to be damaged`;
  const told = (text: string): boolean => text.replaceAll(/\s+/gu, " ").includes(doubt);
  const known = await show();
  await site.fault("answer-595", { path: "GET /nodes/[^/]+/storage/backup/content/." });
  const unknown = await show().finally(() => site.clearFaults());
  expect([known.code, told(known.stdout), unknown.code, told(unknown.stdout)]).toEqual([0, false, 0, true]);
});

test("what verify has found of an archive cannot be read: the list of backups is not whole, and a report says what was not compared [D9, K6]", async () => {
  const [newest] = await site.archives(101);
  const unread = { path: "GET /nodes/[^/]+/storage/backup/content/." };
  await site.fault("answer-595", unread);
  const listed = await site.lifeboat(["backups", "web"]).finally(() => site.clearFaults());
  const doubt = `what 'lifeboat verify' has found of ${newest?.volid ?? ""} could not be read: it may be known to be damaged`;
  expect([listed.code, listed.stderr]).toEqual([3, expect.stringContaining(doubt)]);
  const changes: Promise<unknown>[] = [];
  const onError = (text: string): void => {
    if (changes.length === 0 && text.includes("Read the archive")) changes.push(site.fault("answer-595", unread));
    if (changes.length === 1 && /[✓✗] Read the archive/u.test(text)) changes.push(site.clearFaults());
  };
  const { code, stdout, stderr } = await site.lifeboat([...inPlace("web"), "--json"], { env: overSsh, onError });
  expect(changes).toHaveLength(2);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout);
  expect([code, report.archiveRead]).toEqual([0, true]);
  const text = expect.stringMatching(/was not compared with the one that 'lifeboat verify' has recorded/u);
  expect(report.findings).toContainEqual(expect.objectContaining({ severity: "todo", text }));
});

test("an archive whose configuration cannot be read: 13, and the next older one that can be [D9]", async () => {
  const [damaged, older] = await newest(105);
  await site.fault("archive-truncated", { volid: damaged });
  const path = `/mnt/backup/dump/${damaged.split("/")[1] ?? ""}`;
  await site.control({ command: "write", path, content: "no archive" });
  expect(told(await refused(105, inPlace("mail")))).toEqual([
    13,
    expect.stringMatching(
      new RegExp(`${damaged} cannot be read[\\s\\S]*HINT: .*restore guest prod/mail --archive ${older}`, "u"),
    ),
  ]);
  // An empty one is no backup at all: the one before it is taken, and said.
  await site.control({ command: "write", path, content: "" });
  const { plan } = JSON.parse((await site.lifeboat(["restore", "guest", "mail", "--dry-run", "--json"])).stdout);
  expect(plan.archive.volid).toBe(older);
  expect(plan.warnings).toContainEqual(expect.stringMatching(/is newer and left out: it is empty/u));
});

test("a storage without room for old and new side by side: 13 with numbers, and what to do [D9, 004 CL2]", async () => {
  expect(told(await refused(101, [...inPlace("web"), "--storage", "vg"]))).toEqual([
    13,
    expect.stringMatching(
      /storage vg of pve-prod has 2\.0 GiB free, and the restore needs at least 3\.0 GiB beside what is there[\s\S]*make room \(lifeboat snapshots (?:prod\/)?web shows[\s\S]*pvesm list vg[\s\S]*--storage/u,
    ),
  ]);
});

test("a restore that would protect more archives than the storage allows says so before the guest is stopped [D6]", async () => {
  for (let count = 0; count < 4; count += 1) {
    const volid = await site.backUp(104);
    await site.client.backups.setArchiveProtection(node, volid, true);
  }
  await site.backUp(104);
  const token = await withoutAllocate();
  expect(told(await refused(104, inPlace("limited"), { LIFEBOAT_PROXMOX_TOKEN: token }))).toEqual([
    13,
    expect.stringMatching(
      /storage backup lets a guest have 5 protected archives; limited has 4, and the restore needs 2 more[\s\S]*Datastore\.Allocate on \/storage\/backup/u,
    ),
  ]);
});

/** The API token's rights, but for `Datastore.Allocate`. */
async function withoutAllocate(): Promise<string> {
  const root = site.rootClient();
  const answer = await root.post(["access", "users", "lifeboat@pve", "token", "few"], { privsep: true });
  await root.post(["access", "roles"], {
    roleid: "Few",
    privs:
      "Sys.Audit,VM.Audit,VM.Backup,VM.Allocate,VM.PowerMgmt,VM.Config.Disk,VM.Config.Network,VM.Config.Options,Datastore.AllocateSpace,SDN.Use,Pool.Audit",
  });
  await root.put(["access", "acl"], { path: "/", tokens: "lifeboat@pve!few", roles: "Few" });
  await root.close();
  const value = typeof answer === "object" && answer !== null && "value" in answer ? String(answer.value) : "";
  return `lifeboat@pve!few=${value}`;
}

test("an archive in .tgz, which Proxmox lists and from which it restores no container, is never taken: the guest would be gone [D2, D9]", async () => {
  const packed = await site.backUp(106);
  const file = (name: string): string => site.nodePath(node, join("mnt/backup/dump", name));
  const tar = spawnSync("zstd", ["-dcq", file(packed.split("/")[1] ?? "")], { maxBuffer: 1 << 26 }).stdout;
  const name = "vzdump-lxc-106-2026_01_01-01_00_00.tgz";
  writeFileSync(file(name), gzipSync(tar));
  const named = await refused(106, [...inPlace("imported"), "--archive", `backup:backup/${name}`]);
  expect(told(named)).toEqual([
    10,
    expect.stringMatching(/ends in \.tgz; it does once the file is renamed to \.tar\.gz/u),
  ]);
  rmSync(file(packed.split("/")[1] ?? ""));
  expect(told(await refused(106, inPlace("imported")))).toEqual([10, expect.stringContaining("ends in .tgz")]);
});
