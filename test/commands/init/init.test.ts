import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { converse } from "../support/converse";
import { type InitShell, InitSite } from "./init-site";

let site: InitSite;

beforeAll(async () => {
  site = await InitSite.start(40);
  // What the command prints for root on the node, where there is no token yet.
  const { shown } = await converse(
    ["init", "--endpoint", site.endpoint(), "--ca", site.sandbox.layout.ca, "--storage", "backup"],
    [["API token (USER@REALM", "\u0003"]],
    { cwd: site.shell().folder, env: site.shell().env },
    400,
  );
  await site.runLines(shown);
}, 60_000);

afterAll(() => site.stop());

function filesOf({ folder }: InitShell): string[] {
  return readdirSync(folder).sort();
}

function settingsOf({ folder }: InitShell, name = "home"): string {
  return readFileSync(join(folder, `Pulumi.${name}.yaml`), "utf8");
}

test("with flags it asks nothing: a project, settings that hold, a token that nobody reads, 40 guests adopted [A10, K1]", async () => {
  const shell = site.shell();
  const { code, stdout, stderr } = await shell.lifeboat(["init", ...shell.flags(), "--adopt-all", "--owner", "ops"]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("Done: no problems")]);
  expect(filesOf(shell)).toEqual(["Pulumi.home.yaml", "Pulumi.yaml", "home-ca.pem", "lifeboat"]);
  expect(readlinkSync(join(shell.folder, "lifeboat"))).toBe(resolve(__dirname, "../../.."));
  expect(settingsOf(shell).match(/\{ adopt: 1\d\d \}/gu)).toHaveLength(40);
  const secret = site.token.split("=")[1] ?? "no token";
  const journals = join(shell.env["XDG_STATE_HOME"] ?? "", "lifeboat");
  for (const text of [stdout, stderr, settingsOf(shell)]) expect(text).not.toContain(secret);
  expect(existsSync(journals) ? readdirSync(journals) : []).toEqual([]);
  const [, passphrase = ""] = /export PULUMI_CONFIG_PASSPHRASE_FILE=(\S+)/u.exec(stdout) ?? [];
  expect(statSync(passphrase).mode & 0o777).toBe(0o600);
  expect(readFileSync(passphrase, "utf8").trim().length).toBeGreaterThan(40);
  const status = await shell.lifeboat(["status", "--json"], { env: { PULUMI_CONFIG_PASSPHRASE_FILE: passphrase } });
  expect(JSON.parse(status.stdout).environments[0].guests).toHaveLength(40);
});

test("run again it goes on with what is there, and writes over nothing [A10]", async () => {
  const shell = site.shell();
  const flags = shell.flags();
  expect((await shell.lifeboat(["init", ...flags])).code).toBe(0);
  const before = settingsOf(shell);
  const refused = await shell.lifeboat(["init", ...flags]);
  expect([refused.code, refused.stderr]).toEqual([
    13,
    expect.stringContaining("is there already, and is never written"),
  ]);
  const env = { PULUMI_CONFIG_PASSPHRASE_FILE: flags[flags.indexOf("--passphrase-file") + 1] };
  const again = await shell.lifeboat(["init", "--json"], { env, asProcess: false });
  expect(JSON.parse(again.stdout)).toMatchObject({ written: [], doctor: { ok: true }, adopted: [], unnamed: 40 });
  expect(settingsOf(shell)).toBe(before);
  const adopted = await shell.lifeboat(["init", "--adopt-all", "--json"], { env, asProcess: false });
  expect(JSON.parse(adopted.stdout)).toMatchObject({ written: [], unnamed: 0 });
  expect(settingsOf(shell)).not.toBe(before);
});

test("a second environment lands beside the first, in the same project [A10]", async () => {
  const shell = site.shell();
  await shell.lifeboat(["init", ...shell.flags()]);
  const [home, project] = [settingsOf(shell), readFileSync(join(shell.folder, "Pulumi.yaml"), "utf8")];
  expect((await shell.lifeboat(["init", "office", ...shell.flags()])).code).toBe(0);
  expect(settingsOf(shell, "office")).toContain("adopt: true");
  expect([settingsOf(shell), readFileSync(join(shell.folder, "Pulumi.yaml"), "utf8")]).toEqual([home, project]);
});

test("a file that is in the way is left alone, and nothing is half written [A10]", async () => {
  const shell = site.shell();
  writeFileSync(join(shell.folder, "home-ca.pem"), "somebody's own\n");
  const { code, stderr } = await shell.lifeboat(["init", ...shell.flags()]);
  expect([code, stderr]).toEqual([13, expect.stringContaining("home-ca.pem is there already")]);
  expect(readFileSync(join(shell.folder, "home-ca.pem"), "utf8")).toBe("somebody's own\n");
  expect(filesOf(shell)).not.toContain("Pulumi.home.yaml");
  const linked = site.shell();
  writeFileSync(join(linked.folder, "lifeboat"), "");
  expect((await linked.lifeboat(["init", ...linked.flags()])).code).toBe(13);
  expect(filesOf(linked)).toEqual(["lifeboat"]);
});

/** Flags with others in the place of some. */
function instead(shell: InitShell, others: Readonly<Record<string, string | undefined>>): string[] {
  const flags = shell.flags();
  for (const [flag, value] of Object.entries(others)) {
    const place = flags.indexOf(flag);
    if (place >= 0) flags.splice(place, 2);
    if (value !== undefined) flags.push(flag, value);
  }
  return flags;
}

/** What a script is told, in one run, and the line that it can paste. */
function toldMissing({ stderr }: { readonly stderr: string }): { missing: string; line: string } {
  const [, missing = ""] = /nobody can be asked \(there is no terminal\), and (.*) missing$/mu.exec(stderr) ?? [];
  const [, line = ""] = /^ {2}(lifeboat init .*)$/mu.exec(stderr) ?? [];
  return { missing, line };
}

test("a script is told of all missing answers in one run, with a line that goes through as it stands [A10, I7]", async () => {
  const shell = site.shell();
  const none = await shell.lifeboat(["init", "office", "--adopt-all"]);
  const file = join(shell.env["HOME"] ?? "", ".config", "lifeboat", "passphrase");
  expect([none.code, toldMissing(none)]).toEqual([
    2,
    {
      missing: "--endpoint, --ca or --fingerprint, --token-file, --passphrase-file, --storage and --force are",
      line: `lifeboat init office --endpoint 192.0.2.11 --ca pve-root-ca.pem --token-file token --passphrase-file ${file} --storage backup --force --adopt-all`,
    },
  ]);
  expect(none.stderr).toContain("pveum user token add lifeboat@pve cli");
  const [endpoint, address = "", ca, authority = "", token, secret = ""] = shell.flags();
  expect([endpoint, ca, token]).toEqual(["--endpoint", "--ca", "--token-file"]);
  const half = await shell.lifeboat(["init", "--json", "--endpoint", address, "--token-file", secret]);
  expect(JSON.parse(half.stdout)).toMatchObject({
    exitCode: 14,
    hint: expect.stringMatching(/; --passphrase-file, --storage and --force are missing as well$/u),
  });
  const rest = await shell.lifeboat(["init", "--ca", authority, "--endpoint", address, "--token-file", secret]);
  const told = toldMissing(rest);
  expect([rest.code, told.missing]).toEqual([2, "--passphrase-file, --storage and --force are"]);
  expect(filesOf(shell)).toEqual([]);
  expect((await shell.lifeboat(told.line.split(" ").slice(1))).code).not.toBe(2);
  expect(filesOf(shell)).toContain("Pulumi.home.yaml");
});

const wrong = Array.from({ length: 32 }, () => "AB").join(":");

test.each([
  [
    "without CA and fingerprint",
    { "--ca": undefined },
    14,
    "is signed by nobody that this machine knows; its SHA-256 is",
  ],
  ["another fingerprint", { "--ca": undefined, "--fingerprint": wrong }, 14, "is not the one that you expect"],
  ["a CA that is none", { "--ca": "/etc/hostname" }, 2, "is no certificate in PEM form"],
  ["nobody at the address", { "--endpoint": "127.0.0.1:9" }, 14, "cannot be reached: connection refused"],
  ["no address", { "--endpoint": "a b" }, 2, "is no address of a node"],
  ["no storage, and nobody to ask", { "--storage": undefined }, 2, "(storages that take backups: local, backup):"],
  ["a storage that is not there", { "--storage": "nas" }, 2, "has no storage 'nas', or the token may not see it"],
  ["a storage for other things", { "--storage": "data" }, 2, "does not take backups (pvesm set data --content"],
  ["a node that is not there", { "--node": "pve9" }, 2, "there is no node 'pve9'"],
])("%s: told as what it is, and nothing is written [A10, I7]", async (_, others, code, message) => {
  const shell = site.shell();
  const result = await shell.lifeboat(["init", ...instead(shell, others)]);
  expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
  expect(result.stderr).toContain("HINT: ");
  expect(filesOf(shell)).toEqual([]);
});

test("a token that is wrong, or may not look: told apart, with the lines that mend it [A10, I7, K1]", async () => {
  const shell = site.shell();
  const flags = shell.flags();
  const secret = "00000000-0000-0000-0000-000000000000";
  shell.tokenFile(`lifeboat@pve!cli=${secret}`);
  const unknown = await shell.lifeboat(["init", ...flags]);
  expect([unknown.code, unknown.stderr]).toEqual([14, expect.stringContaining("did not accept the credential")]);
  expect(unknown.stderr).toContain("pveum user token list lifeboat@pve");
  expect(unknown.stderr).not.toContain(secret);
  const root = site.rootClient();
  await root.post(["access", "users"], { userid: "nobody@pve" });
  const made = await root.post(["access", "users", "nobody@pve", "token", "cli"], { privsep: 0 });
  await root.close();
  shell.tokenFile(`nobody@pve!cli=${String(Object(made).value)}`);
  const blind = await shell.lifeboat(["init", ...flags]);
  expect([blind.code, blind.stderr]).toEqual([14, expect.stringContaining("Sys.Audit on / is missing")]);
  expect(blind.stderr).toContain("pveum role modify LifeboatSite");
  expect(filesOf(shell)).toEqual([]);
});

test("a node that does not answer in time, and one whose clock is off [A10, I7]", async () => {
  const shell = site.shell();
  await site.fault("answer-599", { path: "/version" });
  const lost = await shell.lifeboat(["init", ...shell.flags()]);
  await site.clearFaults();
  expect([lost.code, lost.stderr]).toEqual([14, expect.stringContaining("was lost before the answer")]);
  expect(filesOf(shell)).toEqual([]);
  await site.fault("clock-skew", { seconds: "3600" });
  const late = await shell.lifeboat(["init", ...shell.flags()]);
  await site.clearFaults();
  expect(late.stderr).toMatch(/its clock is 1 h ahead of this machine's/u);
});

test("a conversation: the certificate is compared, the token not shown, a wrong answer asked again [A10, K1]", async () => {
  const shell = site.shell();
  const fingerprint = await site.fingerprint();
  const { code, shown, unasked } = await converse(
    ["init"],
    [
      ["Address of a node", `${site.endpoint().replace("https://", "")}\r`],
      ["Its fingerprint as the node shows it", `${wrong}\r`],
      ["is not the one that you expect", ""],
      ["Its fingerprint as the node shows it", `${fingerprint.toLowerCase()}\r`],
      ["API token (USER@REALM", "no token\r"],
      ["is not of the form", ""],
      ["API token (USER@REALM", `${site.token.split("=")[1] ?? ""}\r`],
      ["Which storage", "\u001b[B\r"],
      ["File of the passphrase?", "\r"],
      ["Write Pulumi.home.yaml?", "y"],
      ["Adopt 40 guests", "y"],
    ],
    { cwd: shell.folder, env: shell.env },
  );
  expect({ code, unasked, shown }).toMatchObject({ code: 0, unasked: [] });
  expect(shown).not.toContain(site.token.split("=")[1]);
  expect(settingsOf(shell)).toContain(`fingerprint: "${fingerprint}"`);
  expect(settingsOf(shell)).toContain("storage: { id: backup, adopt: true }");
  expect(settingsOf(shell).match(/\{ adopt: 1\d\d \}/gu)).toHaveLength(40);
  expect(shown).toContain("lifeboat restore guest home/old-1 --target-id next");
});

test.each([
  ["Address of a node", []],
  ["Write Pulumi.home.yaml?", ["--endpoint", "--ca", "--token-file", "--storage", "--passphrase-file"]],
])("Ctrl-C at '%s' leaves nothing behind, neither here nor on the node [A10, D8]", async (question, kept) => {
  const shell = site.shell();
  const all = shell.flags();
  const flags = kept.flatMap((flag) => [flag, all[all.indexOf(flag) + 1] ?? ""]);
  const asked = site.requests().length;
  const { code, unasked } = await converse(["init", ...flags], [[question, "\u0003"]], {
    cwd: shell.folder,
    env: shell.env,
  });
  expect({ code, unasked }).toEqual({ code: 130, unasked: [] });
  expect(filesOf(shell)).toEqual([]);
  expect(existsSync(join(shell.env["HOME"] ?? "", "keys"))).toBe(false);
  const since = site.requests().slice(asked);
  expect(since.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("killed between two files, it goes on with those that are there [A10, K4]", async () => {
  const shell = site.shell();
  const flags = shell.flags();
  expect((await shell.lifeboat(["init", ...flags])).code).toBe(0);
  const [, passphrase = ""] = /secure: (\S+)/u.exec(settingsOf(shell)) ?? [];
  rmSync(join(shell.folder, "Pulumi.home.yaml"));
  rmSync(join(shell.folder, "Pulumi.yaml"));
  const { code, stderr } = await shell.lifeboat(["init", ...flags]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("the passphrase opens them")]);
  expect(settingsOf(shell)).not.toContain(passphrase);
});
