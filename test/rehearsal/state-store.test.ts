import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { KeyPair } from "../../site/settings/environment";
import { typeScript, type CommandResult } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { Impostor } from "./support/impostor";
import { ArgumentWatch } from "./support/process-arguments";
import { addSender, tryPort } from "./support/site-network";
import { changeSettings, makeKeys, sealKeys, type MadeKeys } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// The state store: the real `pulumi`, a real container, a real MinIO. Each test stands on the one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-store-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "real", (line) => printed.push(line));
const settings = join(site.folder, "project", "Pulumi.monitoring.yaml");
const mirrored = join(site.folder, "server", "services", "mirror", "files");
const node = "192.0.2.13";
const address = "192.0.2.132";
const endpoint = `https://${address}:9000`;
/** A network that the settings name, and one that they do not. */
const named = "198.51.100.7";
const other = "203.0.113.7";
const unit = "lifeboat-state-store";
const store = ["config", "lifeboat:stateStore"];
const server = [...store, "server"];
const guest = ["config", "lifeboat:guests", "store"];
let made: MadeKeys;
let processes: ArgumentWatch;

jest.setTimeout(15 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  processes = new ArgumentWatch();
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox");
  await addSender(site, named);
  await addSender(site, other);
  await asRoot("PUT", "/cluster/firewall/options", "enable=1");
  expectExit(await pulumi("stack", "init", "monitoring"), [0], "pulumi stack init");
  made = await makeKeys(["lab", "monitoring", "prod"]);
  writeFileSync(join(site.folder, "trust", "state-store-ca.pem"), made.authority);
  declareStore();
  await sealKeys(site.folder, settings, made);
}, firstUseLimit);

afterAll(async () => {
  if (isRoot) {
    processes.stop();
    await site.sandbox("down");
  }
  rmSync(parent, { recursive: true, force: true });
});

function declareStore(): void {
  const network = { bridge: "vmbr0", address: `${address}/24`, gateway: "192.0.2.1", firewall: true };
  const data = { mount: "/var/lib/minio", storage: "local", size: "1GiB" };
  changeSettings(settings, [
    [["config", "lifeboat:guests"], {}],
    [
      guest,
      {
        kind: "container",
        id: 302,
        template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
        root: { storage: "local", size: "2GiB" },
        disks: { data },
        network,
        memory: "1GiB",
      },
    ],
    [store, { guest: "store", server: serverOnMirror(), allow: ["192.0.2.0/24", `${named}/32`] }],
  ]);
}

/** The server of the mirror, or the same under the name of a second build. */
function serverOnMirror(kind: "release" | "hotfix" = "release"): { url: string; sha256: string } {
  const names = readdirSync(mirrored).filter((name) => /^minio\..*\d[Zac-f0-9]*$/u.test(name));
  const name = names.find((one) => one.includes("hotfix") === (kind === "hotfix")) ?? "";
  const [sha256 = ""] = readFileSync(join(mirrored, `${name}.sha256`), "utf8").split(" ");
  return { url: `http://192.0.2.20/${name}`, sha256 };
}

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

async function up(...words: string[]): Promise<CommandResult> {
  const result = await pulumi("up", "-s", "monitoring", "--yes", "--skip-preview", ...words);
  return expectExit(result, [0], "pulumi up");
}

async function noChanges(...words: string[]): Promise<void> {
  expectExit(await pulumi("preview", "-s", "monitoring", "--expect-no-changes", ...words), [0], "a preview");
}

/** An update that leaves buckets and identities out. */
function apart(...words: string[]): Promise<CommandResult> {
  const command = ["pulumi", ...words, "-s", "monitoring", "--non-interactive"];
  return site.inside("env", "LIFEBOAT_STATE_STORE=apart", ...command);
}

/** A request of the site's administrator. */
async function asRoot(method: string, path: string, ...fields: string[]): Promise<string> {
  const program = [process.execPath, ...typeScript("test/rehearsal/support/root-request.ts")];
  const result = await site.inside(...program, site.folder, node, method, path, ...fields);
  return expectExit(result, [0], `${method} ${path}`).stdout;
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout.trim();
}

/** Everything that a command printed. */
function said({ stdout, stderr }: CommandResult): string {
  return `${stdout}\n${stderr}`;
}

/** What the store says about its health to a sender that trusts its authority: the status of HTTP, or curl's exit code. */
async function health(from: string): Promise<string> {
  const words = [
    "--silent",
    "--max-time",
    "3",
    "--interface",
    from,
    "--output",
    "/dev/null",
    "--write-out",
    "%{http_code}",
  ];
  const ca = join(site.folder, "trust", "state-store-ca.pem");
  const result = await site.inside("curl", ...words, "--cacert", ca, `${endpoint}/minio/health/live`);
  return result.exitCode === 0 ? result.stdout.trim() : `curl ${String(result.exitCode)}`;
}

type Answer = { ok: unknown } | { error: string };
const answers: z.ZodType<Answer[]> = z.array(z.union([z.object({ ok: z.unknown() }), z.object({ error: z.string() })]));

/** Requests with a key, one after the other. */
async function ask(key: KeyPair | undefined, ...requests: (readonly [string, object])[]): Promise<Answer[]> {
  const file = join(parent, "requests.json");
  writeFileSync(file, JSON.stringify({ endpoint, ca: made.authority, ...key, requests }), { mode: 0o600 });
  const program = [process.execPath, ...typeScript("test/rehearsal/support/s3-requests.ts")];
  const { stdout } = expectExit(await site.inside(...program, file), [0], "requests");
  return answers.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

/** Everything that is secret. */
function secrets(): string[] {
  const { root, authorityKey = "", serverKey = "", copier, identities, readers } = made.keys;
  const pairs = [
    root,
    ...(copier === undefined ? [] : [copier]),
    ...Object.values(identities),
    ...Object.values(readers),
  ];
  // A line from the middle of a key is enough to know it.
  return [
    ...pairs.map(({ secretKey }) => secretKey),
    authorityKey.split("\n")[1] ?? "",
    serverKey.split("\n")[1] ?? "",
  ];
}

/** Which of the secrets a text holds. */
function leaked(text: string): string[] {
  return secrets().filter((secret) => text.includes(secret));
}

const prodBucket = { Bucket: "lifeboat-state-prod" };
const denied = { error: "AccessDenied" };

(isRoot ? describe : describe.skip)("the state store", () => {
  test("one update makes container, server, buckets and identities; a second changes nothing [B1, B2, B4, 002 P1]", async () => {
    const first = await up();
    expect(said(first)).toContain("stateStoreEndpoint");
    await noChanges();
    await noChanges("--refresh");
    const second = await up("--expect-no-changes");
    expect(said(second)).not.toContain("warning");
  });

  test("named networks reach it, with a certificate that its authority signed, and others do not [B1, B5]", async () => {
    expect([await health(named), await health(node), await health(other)]).toEqual(["200", "200", "curl 28"]);
    // The operator gets in from everywhere, whatever the networks.
    expect(await tryPort(site, { from: other, to: address, port: 22 })).toBe("open");
    const untrusting = await site.inside("curl", "--silent", "--max-time", "3", `${endpoint}/minio/health/live`);
    expect(untrusting.exitCode).toBe(60);
  });

  test("buckets are versioned, and old versions expire [B2]", async () => {
    for (const name of ["lab", "monitoring", "prod"]) {
      const bucket = { Bucket: `lifeboat-state-${name}` };
      const [versioning, lifecycle] = await ask(made.keys.root, ["versioning", bucket], ["lifecycle", bucket]);
      expect(versioning).toEqual({ ok: "Enabled" });
      expect(lifecycle).toMatchObject({
        ok: [{ Expiration: { ExpiredObjectDeleteMarker: true }, NoncurrentVersionExpiration: { NoncurrentDays: 90 } }],
      });
    }
  });

  test("an environment's identity works in its own bucket, and can delete no version and change no rule [B2]", async () => {
    const Key = ".pulumi/test";
    const [put, get, list, gone, versions] = await ask(
      made.keys.identities["prod"],
      ["put", { ...prodBucket, Key, Body: "first" }],
      ["get", { ...prodBucket, Key }],
      ["list", prodBucket],
      ["delete", { ...prodBucket, Key }],
      ["versions", prodBucket],
    );
    const VersionId = put !== undefined && "ok" in put ? put.ok : undefined;
    expect([get, list, gone]).toEqual([{ ok: "first" }, { ok: [Key] }, { ok: null }]);
    expect(versions).toEqual({ ok: [{ Key, VersionId }] });
    const refused = await ask(
      made.keys.identities["prod"],
      ["delete", { ...prodBucket, Key, VersionId }],
      ["suspend", prodBucket],
      ["expire", prodBucket],
      ["open", prodBucket],
      ["list", { Bucket: "lifeboat-state-lab" }],
      ["get", { Bucket: "lifeboat-state-lab", Key }],
      ["put", { Bucket: "lifeboat-state-lab", Key, Body: "x" }],
    );
    expect(refused).toEqual(refused.map(() => denied));
    const several = await ask(made.keys.identities["prod"], ["delete-several", { ...prodBucket, Key, VersionId }]);
    expect(several).toEqual([{ ok: ["AccessDenied"] }]);
    const [kept, still] = await ask(
      made.keys.identities["prod"],
      ["get", { ...prodBucket, Key, VersionId }],
      ["put", { ...prodBucket, Key, Body: "second" }],
    );
    expect([kept, still]).toEqual([{ ok: "first" }, { ok: expect.any(String) }]);
  });

  test("readers and the copier look, and change nothing [B2, M1]", async () => {
    const Key = ".pulumi/test";
    const look = [["list", prodBucket] as const, ["get", { ...prodBucket, Key }] as const];
    const touch = [["put", { ...prodBucket, Key, Body: "x" }] as const, ["delete", { ...prodBucket, Key }] as const];
    const lab = ["list", { Bucket: "lifeboat-state-lab" }] as const;
    const seen = [{ ok: [Key] }, { ok: "second" }, denied, denied];
    expect(await ask(made.keys.readers["prod"], ...look, ...touch, lab)).toEqual([...seen, denied]);
    expect(await ask(made.keys.copier, ...look, ...touch, lab)).toEqual([...seen, { ok: [] }]);
  });

  test("Pulumi keeps a state there with the environment's own key [B2, B3]", async () => {
    const { accessKey = "", secretKey = "" } = made.keys.identities["lab"] ?? {};
    const credentials = join(site.folder, "state-home", "credentials");
    writeFileSync(credentials, `[lab]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`, {
      mode: 0o600,
    });
    const url = `s3://lifeboat-state-lab?endpoint=${endpoint}&use_path_style=true&region=us-east-1&profile=lab`;
    // The SDK in Pulumi trusts nobody but this where it is set.
    const inStore = [
      "env",
      "-u",
      "AWS_CA_BUNDLE",
      `PULUMI_BACKEND_URL=${url}`,
      `AWS_SHARED_CREDENTIALS_FILE=${credentials}`,
      "pulumi",
    ];
    expectExit(await site.inside(...inStore, "stack", "init", "lab", "--non-interactive"), [0], "pulumi stack init");
    const [list] = await ask(made.keys.readers["lab"], ["list", { Bucket: "lifeboat-state-lab" }]);
    expect(list).toMatchObject({ ok: expect.arrayContaining([".pulumi/stacks/lifeboat/lab.json"]) });
  });

  test("secrets are in no process list, no file that others can read, no plain state and no log [B2]", async () => {
    expect(secrets()).toHaveLength(10);
    expect(leaked(processes.stop().join("\n"))).toEqual([]);
    processes = new ArgumentWatch();
    const environments = "for one in /proc/[0-9]*/environ; do tr '\\0' '\\n' <$one; done 2>/dev/null || :";
    expect(leaked(await inGuest(environments))).toEqual([]);
    expect(leaked(await inGuest("journalctl --no-pager"))).toEqual([]);
    const readable =
      "find / -xdev -type f -perm -o=r -size -200k -not -path '/usr/*' -not -path '/proc/*' -not -path '/sys/*'";
    // A folder above may be closed: what matters is whether another user can read it.
    const copy = `setpriv --reuid=nobody --clear-groups sh -c '${readable.replaceAll("'", String.raw`'\''`)} -exec cat {} + 2>/dev/null' || :`;
    expect(leaked(await inGuest(copy))).toEqual([]);
    expect(leaked(await inGuest(`systemctl cat ${unit}; systemctl show ${unit}`))).toEqual([]);
    expect(leaked(printed.join("\n"))).toEqual([]);
    const exported = expectExit(await pulumi("stack", "export", "-s", "monitoring"), [0], "pulumi stack export");
    expect(leaked(exported.stdout)).toEqual([]);
    expect(leaked(readFileSync(settings, "utf8"))).toEqual([]);
    // The file that the server reads them from does hold one, so that this test could fail.
    expect(leaked(await inGuest(`cat /opt/${unit}/current/root-password`))).toEqual([made.keys.root.secretKey]);
  });

  test("another SSH server at its address gets no script and no secret, and both keys are named [N3]", async () => {
    const [, own = ""] = (await inGuest("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")).split(" ");
    const impostor = await Impostor.at(site, address, join(parent, "impostor"));
    try {
      await impostor.deceive("a secret");
      expect(impostor.captured).toBe("a secret");
      const proxmox = ["config", "lifeboat:proxmox"];
      const before = readFileSync(settings, "utf8");
      changeSettings(settings, [[server, serverOnMirror("hotfix")]]);
      const asked = await apart("up", "--yes", "--skip-preview");
      changeSettings(settings, [[[...proxmox, "ssh"], undefined]]);
      const unasked = await apart("up", "--yes", "--skip-preview");
      writeFileSync(settings, before);
      for (const [result, by] of [
        [asked, "its node"],
        [unasked, "the state"],
      ] as const) {
        expect(result.exitCode).not.toBe(0);
        expect(said(result)).toContain(
          `Unable to log in to store (302) at ${address}: whoever answers there shows the host key ${impostor.fingerprint}, and that of the guest is ${own} by ${by}; nothing was sent to it`,
        );
      }
      expect(impostor.captured).toBe("a secret");
    } finally {
      await impostor.stop();
    }
    await up();
    expect(await health(named)).toBe("200");
  });

  test("the service is the user's own, in a data folder of its own disk [B1]", async () => {
    expect(await inGuest(`systemctl is-enabled ${unit}; systemctl show -p User --value ${unit}`)).toBe(
      "enabled\nlifeboat-store",
    );
    expect(await inGuest("stat -c '%U %a' /var/lib/minio/data")).toBe("lifeboat-store 700");
    expect(await inGuest("findmnt -no TARGET -T /var/lib/minio/data")).toBe("/var/lib/minio");
    expect(await inGuest(`systemctl show -p ProtectSystem -p NoNewPrivileges --value ${unit}`)).toBe("strict\nyes");
  });

  test("a server with a wrong checksum is refused on arrival, and the old one goes on [B4]", async () => {
    const started = await startOfServer();
    const { url } = serverOnMirror("hotfix");
    changeSettings(settings, [[server, { url, sha256: "0".repeat(64) }]]);
    const refused = await pulumi("up", "-s", "monitoring", "--yes", "--skip-preview");
    expect(refused.exitCode).not.toBe(0);
    expect(said(refused)).toContain(`the program that arrived has the SHA-256 ${serverOnMirror("hotfix").sha256}`);
    expect(said(refused)).toContain("nothing was changed, and the server that was there goes on");
    expect([await health(named), await startOfServer()]).toEqual(["200", started]);
  });

  test("another version is an upgrade in place that keeps every object and version [B4]", async () => {
    const before = await ask(made.keys.root, ["versions", prodBucket]);
    changeSettings(settings, [[server, serverOnMirror("hotfix")]]);
    await up();
    expect(await inGuest(`/opt/${unit}/current/server --version`)).toContain("hotfix");
    expect(await ask(made.keys.root, ["versions", prodBucket])).toEqual(before);
    expect(await ask(made.keys.identities["prod"], ["get", { ...prodBucket, Key: ".pulumi/test" }])).toEqual([
      { ok: "second" },
    ]);
    expect((await inGuest(`ls /opt/${unit}/releases`)).split("\n")).toHaveLength(1);
    await noChanges();
  });

  test("a server that does not become healthy is taken back, with its last words [B4]", async () => {
    const broken = '#!/bin/sh\n[ "$1" = --version ] || { echo the disk is too round; exit 1; }\n';
    writeFileSync(join(mirrored, "broken"), broken);
    const sha256 = createHash("sha256").update(broken).digest("hex");
    changeSettings(settings, [[server, { url: "http://192.0.2.20/broken", sha256 }]]);
    const refused = await pulumi("up", "-s", "monitoring", "--yes", "--skip-preview");
    expect(refused.exitCode).not.toBe(0);
    expect(said(refused)).toContain("the disk is too round");
    expect(said(refused)).toContain("the one before runs again");
    expect(await health(named)).toBe("200");
    expect(await inGuest(`/opt/${unit}/current/server --version`)).toContain("hotfix");
  });

  test("a server from a file of this machine goes over SSH, and is checked as well [B4]", async () => {
    const { sha256, url } = serverOnMirror();
    const file = join(mirrored, url.slice(url.lastIndexOf("/") + 1));
    changeSettings(settings, [[server, { file, sha256 }]]);
    await up();
    expect(await inGuest(`/opt/${unit}/current/server --version`)).not.toContain("hotfix");
    expect(await inGuest("ls -A /root | grep -c lifeboat-state-store || :")).toBe("0");
    await noChanges();
    changeSettings(settings, [[server, serverOnMirror()]]);
    await up();
    await noChanges("--refresh");
  });

  test("a store that is down is named by the preview; a run without it leaves its buckets alone [B2]", async () => {
    await inGuest(`systemctl stop ${unit}`);
    const preview = expectExit(await pulumi("preview", "-s", "monitoring"), [0], "a preview");
    expect(said(preview)).toContain(
      `The state store at ${endpoint} does not answer: connect ECONNREFUSED ${address}:9000`,
    );
    const without = expectExit(await apart("up", "--yes", "--skip-preview"), [0], "an update without the store");
    expect(said(without)).toContain("buckets and identities of the state store are left out of this run");
    expect(await inGuest(`systemctl is-active ${unit} || :`)).toBe("inactive");
    await inGuest(`systemctl start ${unit}`);
    await healthy();
    const back = await up();
    expect(said(back)).toContain("3 imported");
    expect(await ask(made.keys.identities["prod"], ["get", { ...prodBucket, Key: ".pulumi/test" }])).toEqual([
      { ok: "second" },
    ]);
    await noChanges("--refresh");
  });

  test("its disk grows with every version on it, in the same container [A11, B4]", async () => {
    const before = await ask(made.keys.root, ["versions", prodBucket]);
    const started = await inGuest("stat -c %Y /proc/1");
    changeSettings(settings, [[[...guest, "disks", "data", "size"], "2GiB"]]);
    expectExit(await site.inside("lifeboat", "grow", "store", "--force"), [0, 3], "lifeboat grow");
    expectExit(
      await pulumi("up", "-s", "monitoring", "--yes", "--refresh", "--skip-preview"),
      [0],
      "pulumi up --refresh",
    );
    await noChanges();
    expect(await ask(made.keys.root, ["versions", prodBucket])).toEqual(before);
    expect(await inGuest("stat -c %Y /proc/1")).toBe(started);
  });

  test("a container that was made anew is guarded, gets the server again and trusts in the same authority [B1, B5, F1]", async () => {
    await asRoot("POST", "/nodes/pve-mon/lxc/302/status/stop");
    await asRoot("DELETE", "/nodes/pve-mon/lxc/302");
    // A refresh of everything asks the store for its buckets and the guest for its rules, which are not there.
    const gone = ["--target", await urnOf("store-container"), "--target", await urnOf("backup-job")];
    expectExit(await apart("refresh", "--yes", "--skip-preview", ...gone), [0], "a refresh");
    expectExit(await apart("up", "--yes", "--skip-preview"), [0], "an update without the store");
    expect([await health(named), await health(other)]).toEqual(["200", "curl 28"]);
    await up();
    expect([await health(named), await health(other)]).toEqual(["200", "curl 28"]);
    expect(await ask(made.keys.identities["prod"], ["list", prodBucket])).toEqual([{ ok: [] }]);
    await noChanges("--refresh");
  });
});

async function urnOf(name: string): Promise<string> {
  const { stdout } = expectExit(await pulumi("stack", "--show-urns", "-s", "monitoring"), [0], "pulumi stack");
  return stdout.split(/\s+/u).find((word) => word.startsWith("urn:") && word.endsWith(`::${name}`)) ?? "";
}

/** When the server's process was started. */
function startOfServer(): Promise<string> {
  return inGuest(`systemctl show -p ExecMainStartTimestampMonotonic --value ${unit}`);
}

async function healthy(): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    if ((await health(named)) === "200") return;
    await sleep(500);
  }
  throw new Error("the store is not healthy");
}
