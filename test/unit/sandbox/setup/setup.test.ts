import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFixture } from "../../../sandbox/model/fixture";
import { declaredNeeds } from "../../../sandbox/setup/declared-needs";
import { takeDown } from "../../../sandbox/setup/down";
import { makeSecrets } from "../../../sandbox/setup/keys";
import { layoutOf, readRecord, sandboxFolder, writeRecord } from "../../../sandbox/setup/layout";
import { siteGuestName, siteNames } from "../../../sandbox/machine/names";
import { inotifyInstances, inotifyShortage } from "../../../sandbox/machine/inotify";
import { missingPackages } from "../../../sandbox/setup/prerequisites";
import { endProcesses, isAlive, portHolder, processesMarked } from "../../../sandbox/machine/processes";
import { startState } from "../../../sandbox/setup/start-state";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("names on the machine", () => {
  test("are the same for the same folder and differ between folders", () => {
    mkdirSync(join(folder, "one"));
    mkdirSync(join(folder, "two"));
    const one = siteNames(join(folder, "one"));
    expect(siteNames(`${folder}/./one/`)).toEqual(one);
    expect(siteNames(join(folder, "two")).id).not.toBe(one.id);
    expect(one.namespace).toMatch(/^lifeboat-[0-9a-f]{8}$/);
  });

  test("tell containers of two nodes apart", () => {
    const names = siteNames(folder);
    expect(siteGuestName(names, "pve-prod", 101)).toBe(`lifeboat-${names.id}-pve-prod-101`);
    expect(siteGuestName(names, "pve-lab", 101)).not.toBe(siteGuestName(names, "pve-prod", 101));
  });
});

describe("prerequisites", () => {
  test("names the Debian packages of programs that are not there", () => {
    expect(missingPackages("real", (program) => !["lxc-start", "ip"].includes(program))).toEqual(["lxc", "iproute2"]);
    expect(missingPackages("memory", () => true)).toEqual([]);
    expect(missingPackages("real", (program) => !program.startsWith("qemu"))).toEqual([]);
    expect(missingPackages("machines", (program) => program.startsWith("mk"))).toEqual([
      "qemu-system-x86",
      "qemu-utils",
      "genisoimage",
      "mmdebstrap",
      "grub-common",
      "grub-pc-bin",
    ]);
  });

  test("says how many containers the machine's inotify instances are enough for, and how it gets more", () => {
    expect(inotifyShortage({ limit: 128, used: 20 })).toMatch(
      /128 .* 20 are in use: enough for about 12 more containers;/u,
    );
    expect(inotifyShortage({ limit: 128, used: 125 })).toContain("enough for no more containers;");
    expect(inotifyShortage({ limit: 128, used: 140 })).toContain("sysctl -w fs.inotify.max_user_instances=");
    expect(inotifyShortage({ limit: 8_192, used: 600 })).toBeUndefined();
  });

  test("counts the inotify instances of a process", async () => {
    const program =
      'require("fs").watch(process.argv[1]); console.log("ready"); process.stdin.on("end", process.exit).resume();';
    const child = spawn(process.execPath, ["-e", program, folder]);
    await new Promise((ready) => child.stdout.once("data", ready));
    const user = process.getuid?.() ?? -1;
    expect(inotifyInstances([child.pid ?? 0], user)).toBe(1);
    expect(inotifyInstances([child.pid ?? 0], user + 1)).toBe(0);
    child.stdin.end();
    await new Promise((done) => child.once("close", done));
  });
});

describe("secrets", () => {
  test("are readable by their owner only, and differ between sandboxes", () => {
    const layout = layoutOf(folder);
    const { token } = makeSecrets(layout);
    expect(token).toMatch(/^lifeboat@pve!lifeboat=[0-9a-f-]{36}$/);
    for (const file of [layout.tokenFile, layout.rootPasswordFile, layout.passphraseFile, layout.sshKey]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(layout.tokenFile, "utf8")).toBe(`${token}\n`);
    expect(makeSecrets(layoutOf(join(folder, "other"))).token).not.toBe(token);
  });

  test("hold an SSH key pair that OpenSSH reads", () => {
    const layout = layoutOf(folder);
    makeSecrets(layout);
    const derived = execFileSync("ssh-keygen", ["-y", "-f", layout.sshKey], { encoding: "utf8" });
    expect(readFileSync(layout.sshPublicKey, "utf8")).toBe(`${derived.trim()} sandbox\n`);
  });
});

describe("the start-up state", () => {
  test("is a fixture of one cluster for each node, with a token that holds the role's privileges only", () => {
    const nodes = [
      { name: "pve-prod", address: "192.0.2.11", port: 8006 },
      { name: "pve-lab", address: "192.0.2.12", port: 8006 },
    ];
    const secrets = { token: "lifeboat@pve!lifeboat=not-a-secret-1", rootPassword: "not-a-secret-2" };
    const needs = { backupStorages: ["backup"], declaresStorage: true, pools: [], tokenGroups: [] };
    const { clusters, files } = parseFixture(JSON.stringify(startState(nodes, secrets, { needs, tinyTemplate: true })));
    expect(clusters.map((cluster) => cluster.nodes.map(({ node }) => node))).toEqual([["pve-prod"], ["pve-lab"]]);
    // What the examples make containers and virtual machines of.
    expect(files.map(({ node, volid }) => [node, volid])).toEqual([
      ["pve-prod", "local:vztmpl/debian-12-standard_amd64.tar.zst"],
      ["pve-prod", "local:import/debian-12-genericcloud-amd64.qcow2"],
      ["pve-lab", "local:vztmpl/debian-12-standard_amd64.tar.zst"],
      ["pve-lab", "local:import/debian-12-genericcloud-amd64.qcow2"],
    ]);
    const access = clusters[0]?.access;
    expect(access?.tokens).toMatchObject([{ userid: "lifeboat@pve", tokenid: "lifeboat", privsep: true }]);
    expect(access?.roles.flatMap((role) => role.privileges)).not.toContain("Permissions.Modify");
    expect(access?.acl.filter(({ roleid }) => roleid === "LifeboatJobs")).toEqual([
      { path: "/", type: "user", ugid: "lifeboat@pve", roleid: "LifeboatJobs", propagate: false },
      { path: "/", type: "token", ugid: "lifeboat@pve!lifeboat", roleid: "LifeboatJobs", propagate: false },
    ]);
    expect(JSON.stringify(clusters)).not.toContain("not-a-secret");
    expect(access?.users.map(({ userid }) => userid)).toEqual(["root@pam", "lifeboat@pve"]);
  });

  test("has the exporter's user as the set-up makes it, where the settings ask for its tokens", () => {
    const nodes = [{ name: "pve-prod", address: "192.0.2.11", port: 8006 }];
    const secrets = { token: "lifeboat@pve!lifeboat=not-a-secret-1", rootPassword: "not-a-secret-2" };
    const needs = { backupStorages: ["backup"], declaresStorage: true, pools: [], tokenGroups: ["lifeboat-exporter"] };
    const { clusters } = parseFixture(JSON.stringify(startState(nodes, secrets, { needs, tinyTemplate: true })));
    const access = clusters[0]?.access;
    expect(access?.groups).toEqual([{ groupid: "lifeboat-exporter", members: ["lifeboat-exporter@pve"] }]);
    const looking = access?.acl.filter(({ ugid }) => ugid === "lifeboat-exporter@pve").map(({ path }) => path);
    expect(looking).toEqual(["/", "/vms", "/storage/backup"]);
    expect(access?.acl.filter(({ roleid }) => roleid === "LifeboatTokens").map(({ ugid }) => ugid)).toEqual([
      "lifeboat@pve",
      "lifeboat@pve!lifeboat",
    ]);
  });
});

describe("what a site needs", () => {
  test("come from the settings of all environments", () => {
    writeFileSync(
      join(folder, "Pulumi.prod.yaml"),
      "config:\n  lifeboat:backup: { storage: { id: nightly, adopt: true } }\n  lifeboat:guests: { web: { pool: shop } }\n",
    );
    expect(declaredNeeds(folder)).toEqual({
      backupStorages: ["nightly"],
      declaresStorage: false,
      pools: ["shop"],
      tokenGroups: [],
      machines: false,
    });
    writeFileSync(
      join(folder, "Pulumi.lab.yaml"),
      "config: { lifeboat:backup: { storage: { id: lab, type: dir } }, lifeboat:guests: { shop: { kind: virtual-machine } } }\n",
    );
    writeFileSync(join(folder, "Pulumi.wrong.yaml"), "config: 7\n");
    const { backupStorages, declaresStorage, machines } = declaredNeeds(folder);
    expect([backupStorages.sort(), declaresStorage, machines]).toEqual([["lab", "nightly"], true, true]);
  });
});

describe("the sandbox's folder", () => {
  test("is the project's, unless a variable names another", () => {
    expect(sandboxFolder("/project", {})).toBe("/project/.sandbox");
    expect(sandboxFolder("/project", { LIFEBOAT_SANDBOX_DIR: "/srv/site" })).toBe("/srv/site");
  });

  test("gives no record when the file is cut off", () => {
    const layout = layoutOf(folder);
    writeRecord(layout, { format: 1, driver: "memory", nodes: [], complete: true });
    expect(readRecord(layout)?.complete).toBe(true);
    writeFileSync(layout.record, readFileSync(layout.record, "utf8").slice(0, 20));
    expect(readRecord(layout)).toBeUndefined();
  });

  test("is not touched by `down` when nothing shows that it is a sandbox's", async () => {
    mkdirSync(join(folder, "project"));
    writeFileSync(join(folder, "project", "precious"), "");
    await expect(takeDown(layoutOf(folder), () => undefined)).rejects.toThrow("holds no sandbox");
    expect(existsSync(join(folder, "project", "precious"))).toBe(true);
  });

  test("keeps what is not the sandbox's", async () => {
    const layout = layoutOf(folder);
    writeRecord(layout, { format: 1, driver: "memory", nodes: [], complete: true });
    mkdirSync(layout.project);
    writeFileSync(join(folder, "notes"), "");
    expect(await takeDown(layout, () => undefined)).toBe(true);
    expect(existsSync(layout.project)).toBe(false);
    expect(existsSync(join(folder, "notes"))).toBe(true);
  });
});

describe("processes", () => {
  test("are found by a mark in their environment and ended", async () => {
    const mark = `mark-${process.pid}`;
    const child = spawn("sleep", ["60"], { env: { ...process.env, LIFEBOAT_TEST_MARK: mark }, stdio: "ignore" });
    await new Promise((resolve) => child.once("spawn", resolve));
    expect(processesMarked("LIFEBOAT_TEST_MARK", mark)).toEqual([child.pid]);
    await endProcesses([child.pid ?? 0]);
    expect(isAlive(child.pid ?? 0)).toBe(false);
    expect(processesMarked("LIFEBOAT_TEST_MARK", mark)).toEqual([]);
  });

  test("are named as holders of a port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(portHolder("127.0.0.1", port)?.pid).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(portHolder("127.0.0.1", port)).toBeUndefined();
  });
});
