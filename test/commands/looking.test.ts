import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { neededPrivileges, roleGrants } from "../../proxmox/rules/privileges";
import { createSecretBox } from "../../scripts/project/passphrase";
import { node, RestoreSite } from "./restore/restore-site";
import type { StartCluster } from "../sandbox/setup/start-state";
import { ArchiveFiles } from "./support/site/archive-files";
import type { RunResult } from "./support/run-bundle";

/** Commands that only look, as the bundle that users run, against a site without guests that run. */
let site: RestoreSite;

const web = { id: 101, name: "web", withCache: true };
const db = { id: 102, name: "db" };

beforeAll(async () => {
  site = await RestoreSite.start([web, db]);
  // A backup makes the storage's folder; these tests begin without an archive.
  const first = await site.backUp(db.id);
  await site.client.tasks.wait(await site.client.backups.deleteArchive(node, first));
});

afterAll(() => site.stop());
afterEach(() => site.clearFaults());

const messageSchema = z.looseObject({ message_type: z.string() });

/** The only line on stdout, which must be JSON. */
function json({ stdout }: RunResult): z.infer<typeof messageSchema> {
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  return messageSchema.parse(JSON.parse(lines[0] ?? ""));
}

/** Runs with settings that are changed for this once. */
async function withSettings(change: (text: string) => string, run: () => Promise<void>): Promise<void> {
  const file = join(site.project, "Pulumi.prod.yaml");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, change(before));
  try {
    await run();
  } finally {
    writeFileSync(file, before);
  }
}

async function methodsOf(run: () => Promise<unknown>): Promise<string[]> {
  const before = site.requests().length;
  await run();
  return [
    ...new Set(
      site
        .requests()
        .slice(before)
        .map(({ method }) => method),
    ),
  ];
}

describe("the frame", () => {
  test("the bundle starts without node_modules and says nothing on stderr", async () => {
    const result = await site.lifeboat(["--version"]);
    expect(result).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
    expect(statSync(join(__dirname, "../../dist/lifeboat.cjs")).mode & 0o111).toBe(0o111);
    expect(readFileSync(join(__dirname, "../../dist/lifeboat.cjs"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/u);
  });

  test("help begins with what it is and examples, and names every exit code [K2, 004 CS-006]", async () => {
    const { code, stdout, stderr } = await site.lifeboat(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.indexOf("Examples:")).toBeLessThan(stdout.indexOf("Usage:"));
    for (const number of [0, 1, 2, 3, 10, 11, 12, 13, 14, 130]) {
      expect(stdout).toMatch(new RegExp(`^  ${String(number)} `, "mu"));
    }
  });

  test("its commands stand under what people look for, and a word of several commands shows examples of them", async () => {
    const { stdout } = await site.lifeboat(["--help"]);
    const titles = ["Look:", "Back up and prove:", "Restore:", "State:", "Site:"].map((title) => stdout.indexOf(title));
    expect(titles).toEqual(titles.toSorted((a, b) => a - b));
    expect(Math.min(...titles)).toBeGreaterThan(0);
    const restore = await site.lifeboat(["restore"]);
    expect([restore.code, restore.stdout]).toEqual([2, ""]);
    expect(restore.stderr).toContain("lifeboat restore guest web --dry-run");
    const backup = await site.lifeboat(["backup"]);
    expect([backup.code, backup.stdout]).toEqual([2, ""]);
    expect(backup.stderr).toMatch(/lifeboat backup --all prod [^]*Commands below it:\n {2}backup data /u);
    expect((await site.lifeboat(["backup", "--json"])).stdout).toContain("no guest is named");
  });

  test("--quiet says nothing of steps that go well, and --verbose all that they are at; wherever they stand [K1]", async () => {
    const backup = ["backup", "db", "--force"];
    const quiet = await site.lifeboat(["--quiet", ...backup]);
    expect([quiet.code, /^✓|…$/mu.test(quiet.stderr)]).toEqual([0, false]);
    const usual = await site.lifeboat(backup);
    expect(usual.stderr).toMatch(/^✓ /mu);
    expect(usual.stderr).not.toMatch(/^ {2}creating vzdump archive/mu);
    const verbose = await site.lifeboat([...backup, "--verbose"]);
    expect(verbose.stderr).toMatch(/^ {2}creating vzdump archive [^]*^ {2}archive file size/mu);
    const bad = await site.lifeboat(["backups", "web", "--quiet"]);
    expect([bad.code, bad.stderr]).toEqual([10, expect.stringContaining("Unable to list the backups of web")]);
    const both = await site.lifeboat(["status", "--quiet", "--verbose"]);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("cannot be used with option")]);
    for (const { volid } of await site.archives(db.id)) {
      await site.client.tasks.wait(await site.client.backups.deleteArchive(node, volid));
    }
  });

  test("what has several lines is told in several, by the command and by status [A6]", async () => {
    await withSettings(
      (text) => text.replaceAll("checks: [running]", "checks: [nonsense]"),
      async () => {
        for (const argv of [["backups", "web"], ["status"]]) {
          const { stdout, stderr } = await site.lifeboat(argv);
          const told = (stdout + stderr).split("\n").filter((line) => /^[\s✗]*.{0,40}checks/u.test(line));
          expect([argv, told.length, stdout + stderr]).toEqual([argv, 2, expect.anything()]);
        }
      },
    );
  });

  test("a storage that is full is told with what frees space on it [K1]", async () => {
    await site.fault("storage-full", { storage: "backup" });
    const full = await site.lifeboat(["backup", "db", "--force"]);
    expect([full.code, full.stderr]).toEqual([
      1,
      expect.stringMatching(/No space left on device[^]*HINT: .*docs\/runbooks\/backup-storage-full\.md.*--forget/u),
    ]);
  });

  test.each([[["help", "restore", "guest"]], [["restore", "guest", "--help"]]])(
    "%j is the help of one command",
    async (argv) => {
      const { code, stdout } = await site.lifeboat(argv);
      expect(code).toBe(0);
      expect(stdout).toContain("Usage: lifeboat restore guest [options] [guests...]");
      expect(stdout.indexOf("Examples:")).toBeLessThan(stdout.indexOf("Usage:"));
    },
  );

  test.each([
    [["statsu"], "unknown command 'statsu'", "lifeboat status"],
    [["wbe"], "unknown command 'wbe'", "lifeboat --help"],
    [["restore", "web", "--dry-run"], "unknown command 'web'", "lifeboat restore guest web --dry-run"],
    [["status", "--jsno"], "unknown option '--jsno'", "lifeboat status --json"],
    [["doctor", "--print-setupp"], "unknown option '--print-setupp'", "lifeboat doctor --print-setup"],
    [["restore", "gest", "web"], "unknown command 'gest'", "lifeboat restore guest web"],
    [
      ["restore", "state", "prod", "--list", "--limit", "9"],
      "unknown option '--limit'",
      "lifeboat restore state --help",
    ],
    [["backups"], "missing required argument 'guest'", "lifeboat backups --help"],
    [["restore", "files"], "missing required arguments 'guest' and 'source'\n", "lifeboat restore files --help"],
    [
      ["restore", "point-in-time", "web"],
      "missing required argument 'source'; exactly one of --at, --xid, --point and --undo is given",
      "lifeboat restore point-in-time --help",
    ],
    [["env", "a", "b"], "too many arguments", "lifeboat env --help"],
    [["restore", "guest"], "Unable to restore guests: no guest is named", "name one or more"],
  ])("%j is a mistake with a suggestion, and exit code 2", async (argv, message, hint) => {
    const { code, stdout, stderr } = await site.lifeboat(argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toContain(`HINT: ${hint}`);
    expect(stderr).not.toMatch(/^ {4}at /mu);
  });

  test.each([
    ["--target-id", "abc", "--target-id: an id from 100 to 999999999, or next"],
    ["--target-id", "7", "--target-id: at least 100 is expected"],
    ["--check-timeout", "-3", "--check-timeout: at least 0 is expected"],
    ["--parallel", "1.5", "--parallel: a whole number is expected"],
    ["--parallel", "99", "--parallel: at most 16 is expected"],
    ["--check-timeout", "1h", "--check-timeout: a number is expected"],
  ])("%s %s is refused by the name that was typed [K2]", async (flag, value, why) => {
    const { code, stderr } = await site.lifeboat(["restore", "guest", "web", flag, value]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });

  test.each([
    ["guest", "web"],
    ["database", "web", "shop"],
    ["files", "web", "config"],
    ["bucket", "uploads"],
    ["point-in-time", "web", "shop"],
  ])("restore %s: a time that nobody understands is told at once, with the forms of one [K2]", async (...words) => {
    const { code, stderr } = await site.lifeboat(["restore", ...words, "--at", "yesterday"], {
      env: { LIFEBOAT_PROJECT: "/nowhere" },
    });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/--at: 'yesterday' is not a time: expected .*2026-11-20T03:00 or 2026-11-20 03:00:00/u),
    ]);
  });

  test("a mistyped guest is answered with its name and those that there are", async () => {
    const { code, stderr } = await site.lifeboat(["backups", "wbe"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^HINT: did you mean web\? guests in the settings: /mu)]);
  });

  test("errors are JSON on stdout with --json, wherever it stands", async () => {
    for (const argv of [
      ["--json", "backups", "mail"],
      ["backups", "mail", "--json"],
      ["--json", "statsu"],
    ]) {
      const result = await site.lifeboat(argv);
      expect(result.code).toBe(2);
      expect(json(result)).toMatchObject({ message_type: "error", exitCode: 2 });
    }
  });

  test("the version is JSON on stdout with --json, and a word without", async () => {
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync("package.json", "utf8")));
    for (const argv of [
      ["--version", "--json"],
      ["--json", "--version"],
    ]) {
      expect(json(await site.lifeboat(argv))).toEqual({ message_type: "result", version });
    }
    expect(await site.lifeboat(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  test("in a narrow terminal an error and its hint are broken between words, and no command is [K2]", async () => {
    const { stdout } = await site.inTerminal(["restore", "guest", "wbe"], 46, { NO_COLOR: "1" });
    const lines = stdout.split("\r\n");
    expect(lines).toContain("HINT: did you mean web? guests in the");
    expect(lines).toContain("      settings: prod/web (101), prod/db (102)");
    const bare = await site.inTerminal(["backup", "guest", "--jsno"], 30, { NO_COLOR: "1" });
    expect(bare.stdout.split("\r\n")).toContain("HINT: lifeboat backup guest --json");
  });

  test("no project: what to do", async () => {
    const { code, stderr } = await site.lifeboat(["status", "--project", "/"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Unable to show the status: / (from --project) holds no Pulumi.yaml");
    expect(stderr).toContain("HINT: ");
  });
});

/** Looks at a node that takes connections and says nothing, and presses Ctrl-C once it is connected. */
async function interruptedLook(nodeOptions: readonly string[] = []): Promise<RunResult> {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  const endpoint = `https://127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}`;
  let result: RunResult | undefined;
  await withSettings(
    (text) => text.replace(site.endpoint(), endpoint),
    async () => {
      let pid = 0;
      const run = site.lifeboat(["status"], { nodeOptions, onSpawn: (spawned) => (pid = spawned) });
      await new Promise((resolve) => silent.once("connection", resolve));
      process.kill(pid, "SIGINT");
      result = await run;
    },
  );
  await new Promise((resolve) => silent.close(resolve));
  if (result === undefined) throw new Error("the command did not run");
  return result;
}

test("Ctrl-C ends a command that looks at once, with 130 and one line", async () => {
  const { code, stdout, stderr } = await interruptedLook();
  expect([code, stdout]).toEqual([130, ""]);
  expect(stderr.trimEnd().split("\n").slice(1)).toEqual(["interrupted"]);
});

test("a second Ctrl-C that comes while a command ends takes it neither its exit code nor its last words [K2]", async () => {
  const press = 'process.on("exit", () => process.kill(process.pid, "SIGINT"))';
  const { code, stderr } = await interruptedLook(["--import", `data:text/javascript,${encodeURIComponent(press)}`]);
  expect(code).toBe(130);
  expect(stderr.trimEnd().split("\n").slice(1)).toEqual(["interrupted"]);
});

describe("doctor", () => {
  test("a site in order: 0, every privilege, GETs only", async () => {
    let result: RunResult | undefined;
    const methods = await methodsOf(async () => (result = await site.lifeboat(["doctor"])));
    expect(methods).toEqual(["GET"]);
    expect(result?.code).toBe(0);
    expect(result?.stdout).toMatch(/✓ privileges +all \d+ that are needed/u);
    expect(result?.stdout).not.toContain("✗");
    expect(result?.stdout).toContain("certificate signed by the site's CA");
    expect(result?.stdout).not.toContain("\u001b");
  });

  test("what names the environment goes before what is for all, which its node never gets [N5]", async () => {
    const foreign = "other@pve!site=not-for-this-node";
    const own = { LIFEBOAT_PROXMOX_TOKEN_FILE_PROD: site.env["LIFEBOAT_PROXMOX_TOKEN_FILE"] ?? "" };
    const file = `${site.project}/passphrase-of-prod`;
    writeFileSync(file, "not-a-secret-passphrase");
    const passphrases = { PULUMI_CONFIG_PASSPHRASE: "general", PULUMI_CONFIG_PASSPHRASE_FILE_PROD: file };
    const env = { LIFEBOAT_PROXMOX_TOKEN: foreign, LIFEBOAT_PROXMOX_TOKEN_FILE: "", ...own, ...passphrases };
    const { code, stdout } = await site.lifeboat(["doctor"], { env });
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/from LIFEBOAT_PROXMOX_TOKEN_FILE_PROD\n[\s\S]*passphrase +from the file \S+-of-prod\n/u),
    ]);
    const exported = await site.lifeboat(["env", "prod"], { env });
    expect(exported.stdout).toContain(`export PULUMI_CONFIG_PASSPHRASE_FILE=${file}\n`);
    expect(exported.stderr.replace(/\s+/gu, " ")).toContain(
      "pulumi itself would take PULUMI_CONFIG_PASSPHRASE before the file of prod: unset it",
    );
    const withoutOwn = await site.lifeboat(["doctor"], { env: { ...env, LIFEBOAT_PROXMOX_TOKEN_FILE_PROD: "" } });
    expect(withoutOwn.stdout).toMatch(/✗ version .*did not accept/u);
  });

  test.each([
    [
      "is not there",
      undefined,
      "cannot be read: ENOENT",
      "HINT: correct LIFEBOAT_PROXMOX_TOKEN_FILE, or put the file there: ls -ld ",
    ],
    ["is empty", "\n", "is empty: ", "HINT: write it there, or correct LIFEBOAT_PROXMOX_TOKEN_FILE"],
    ["holds half a token", "root@pam!x\n", "is not of the form", "HINT: write there both parts that Proxmox showed"],
  ])("a token's file that %s ends with the way on [K6]", async (_, text, cause, hint) => {
    const file = `${site.project}/token`;
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
    const { code, stderr } = await site.lifeboat(["backups", "web"], { env: { LIFEBOAT_PROXMOX_TOKEN_FILE: file } });
    const said = stderr.replace(/\s+/gu, " ");
    expect([code, said]).toEqual([2, expect.stringContaining(cause)]);
    expect(said).toContain(hint);
  });

  test("a passphrase file that is not there, or empty, is named, also before anything is encrypted [B3]", async () => {
    const variable = "PULUMI_CONFIG_PASSPHRASE_FILE_PROD";
    const file = `${site.project}/passphrase`;
    const told = async (): Promise<string> =>
      (await site.lifeboat(["doctor"], { env: { [variable]: file } })).stdout.replace(/\s+/gu, " ");
    expect(await told()).toContain(`! passphrase ${variable}: the passphrase file cannot be read: ENOENT`);
    writeFileSync(file, "\n");
    expect(await told()).toContain(`✓ passphrase from the file ${file}, which is empty`);
    writeFileSync(file, "not-a-secret-passphrase\n");
    expect(await told()).toContain(`✓ passphrase from the file ${file} `);
    rmSync(file);
  });

  test("a wrong passphrase is a problem that names its variable, and stops up at once: 12 [B3]", async () => {
    const { salt } = await createSecretBox("not-a-secret-passphrase");
    const env = { PULUMI_CONFIG_PASSPHRASE_PROD: "another" };
    const why =
      /the passphrase does not open the secrets in \S*Pulumi\.prod\.yaml \(from PULUMI_CONFIG_PASSPHRASE_PROD\)/u;
    await withSettings(
      (text) => `encryptionsalt: ${salt}\n${text}`,
      async () => {
        const wrong = await site.lifeboat(["doctor"], { env });
        expect([wrong.code, wrong.stdout]).toEqual([3, expect.stringMatching(why)]);
        const up = await site.lifeboat(["up", "--dry-run"], { env });
        expect([up.code, up.stdout]).toEqual([12, expect.stringMatching(why)]);
        expect(up.stdout).toContain("HINT: set PULUMI_CONFIG_PASSPHRASE_PROD to the passphrase of prod");
        const right = await site.lifeboat(["doctor"], { env: { PULUMI_CONFIG_PASSPHRASE: "not-a-secret-passphrase" } });
        expect([right.code, right.stdout]).toEqual([
          0,
          expect.stringMatching(/✓ secrets +the passphrase opens them\n/u),
        ]);
      },
    );
  });

  test("a folder for backups that nobody has declared as a mount point is a warning with the command [D3]", async () => {
    const warned =
      /! storages +backup: when the disk at \/mnt\/backup is not mounted, .*→ if a disk is mounted there: pvesm set backup --is_mountpoint yes/u;
    const told = async () => (await site.lifeboat(["doctor"])).stdout.replace(/\s+/gu, " ");
    expect(await told()).toMatch(warned);
    for (const decided of ["yes", "no"]) {
      await site.client.put(["storage", "backup"], { is_mountpoint: decided });
      expect(await told()).not.toContain("is_mountpoint");
    }
    await site.client.put(["storage", "backup"], { delete: "is_mountpoint" });
  });

  test("another guest under the number of a declared one is a problem, as in status [D15]", async () => {
    const guest = { node, type: "lxc", vmid: web.id } as const;
    await site.client.guests.setGuestConfig(guest, { description: "lifeboat: lab/web" });
    const { code, stdout } = await site.lifeboat(["doctor"]);
    await site.client.guests.setGuestConfig(guest, { description: "lifeboat: prod/web" });
    expect([code, stdout]).toEqual([
      3,
      expect.stringMatching(
        /✗ guests +guest 101 on pve-prod is lab\/web, not prod\/web\n +→ give it another number; .* pct set 101 --description 'lifeboat: prod\/web'/u,
      ),
    ]);
    expect((await site.lifeboat(["doctor"])).stdout).toMatch(/✓ guests /u);
  });

  test("a wrong token, a node that is down, a certificate that is not trusted: 14, each its own message [K2, K3]", async () => {
    const wrong = await site.lifeboat(["doctor"], {
      env: { LIFEBOAT_PROXMOX_TOKEN: "lifeboat@pve!lifeboat=not-a-secret-6" },
    });
    expect(wrong.code).toBe(14);
    expect(wrong.stdout).toContain("did not accept the credential");
    expect(wrong.stdout + wrong.stderr).not.toContain("not-a-secret-6");
    const closed = await closedPort();
    await withSettings(
      (text) => text.replace(site.endpoint(), closed),
      async () => {
        const down = await site.lifeboat(["doctor"]);
        expect(down.code).toBe(14);
        expect(down.stdout).toContain(`${closed} cannot be reached: connection refused`);
      },
    );
    const fingerprint = `fingerprint: "${"AA:".repeat(31)}AA"`;
    await withSettings(
      (text) => text.replace("ca: site-ca.pem", fingerprint),
      async () => {
        const untrusted = await site.lifeboat(["doctor", "--json"]);
        expect(untrusted.code).toBe(14);
        expect(JSON.stringify(json(untrusted))).toContain('"unavailable":"untrusted"');
      },
    );
  });

  test("a missing privilege is named with its path and what it is for: 3; not seen is not the same as none [D3]", async () => {
    const narrow = await RestoreSite.start([web], { adjust: without("VM.Backup", "Sys.Modify") });
    try {
      const { code, stdout } = await narrow.lifeboat(["doctor"]);
      expect(code).toBe(3);
      expect(stdout).toContain(
        "VM.Backup on /vms/101 is missing (look, backup, restore: it sees, makes and restores archives)",
      );
      expect(stdout).toContain("Sys.Modify on / is missing");
      const backups = await narrow.lifeboat(["backups", "web"]);
      expect(backups.code).toBe(14);
      expect(backups.stderr).toContain("the token may not see them: it lacks VM.Backup on /vms/101");
      const status = await narrow.lifeboat(["status"]);
      expect(status.code).toBe(3);
      expect(status.stdout).toContain("its backups cannot be seen: the token lacks VM.Backup on /vms/101");
      expect(status.stdout).not.toContain("never backed up");
      expect(status.stdout).toMatch(/✗ web +101 +running +unknown +unknown /u);
      new ArchiveFiles(narrow.nodePath(node, "mnt/backup/dump")).put(
        web.id,
        Math.floor(Date.now() / 1_000) - 60,
        9,
        "",
      );
      const seen = await narrow.lifeboat(["status"]);
      expect([seen.code, seen.stdout.replace(/\s+/gu, " ")]).toEqual([
        3,
        expect.stringContaining(
          "its backups may not all be seen, and can be neither made nor restored: the token lacks",
        ),
      ]);
    } finally {
      await narrow.stop();
    }
  });

  test("without VM.Audit no guest can be seen: that is said, and none is called missing [K6]", async () => {
    const narrow = await RestoreSite.start([web], { adjust: without("VM.Audit") });
    try {
      const status = await narrow.lifeboat(["status"]);
      expect(status.code).toBe(3);
      const text = status.stdout.replace(/\s+/gu, " ");
      expect(text).toContain("guest 101 cannot be seen: the token lacks VM.Audit on /vms/101");
      expect(text).not.toMatch(/missing|is not on/u);
      const backup = await narrow.lifeboat(["backup", "--all", "--env", "prod", "--force"]);
      expect([backup.code, backup.stderr]).toEqual([14, expect.stringContaining("VM.Audit on /vms/101 is missing")]);
    } finally {
      await narrow.stop();
    }
  });

  test("a pool that is not there is a problem, with the line that makes it; the set-up has that line too [K6]", async () => {
    const pooled =
      "    pooled:\n      kind: container\n      id: 150\n      template: local:vztmpl/debian-12-standard_amd64.tar.zst\n      root: { storage: local, size: 1GiB }\n" +
      "      network: { bridge: vmbr0, address: dhcp }\n      pool: shop\n      checks: [running]\n";
    await withSettings(
      (text) => text.replace(/^( *lifeboat:guests:\n)/mu, `$1${pooled}`),
      async () => {
        const unseen = await site.lifeboat(["doctor"]);
        expect(unseen.stdout).toContain("whether there is a pool shop is not known: the token may not see it");
        const root = site.rootClient();
        const rights = {
          path: "/pool/shop",
          roles: "PVEPoolUser",
          users: "lifeboat@pve",
          tokens: "lifeboat@pve!lifeboat",
        };
        await root.put(["access", "acl"], rights);
        const { code, stdout } = await site.lifeboat(["doctor"]);
        expect([code, stdout]).toEqual([3, expect.stringContaining("there is no pool shop")]);
        expect(stdout).toContain("pveum pool add shop");
        const setup = await site.lifeboat(["doctor", "--print-setup"]);
        expect(setup.stdout).toContain("pveum pool modify shop 2>/dev/null || pveum pool add shop\n");
        await root.post(["pools"], { poolid: "shop" });
        await root.close();
        expect((await site.lifeboat(["doctor"])).stdout).toMatch(/✓ pools +shop/u);
      },
    );
  });

  test("a clock that is off is a warning, a node that is not there a problem", async () => {
    await site.fault("clock-skew", { seconds: String(2 * 86_400) });
    const skewed = await site.lifeboat(["doctor"]);
    expect(skewed.stdout).toMatch(/! node .*its clock is (?:[1-4] d|\d\d h).* ahead of this machine's/u);
    await withSettings(
      (text) => text.replace(`node: ${node}`, "node: pve-gone"),
      async () => {
        const { code, stdout } = await site.lifeboat(["doctor"]);
        expect(code).toBe(3);
        expect(stdout).toContain(`there is no node 'pve-gone' behind this endpoint (there is: ${node})`);
      },
    );
  });

  test("plugins of pulumi that are not installed are named with their versions, and fail nothing", async () => {
    const home = mkdtempSync(join(tmpdir(), "lifeboat-"));
    try {
      const none = await site.lifeboat(["doctor"], { env: { PULUMI_HOME: home } });
      expect(none.code).toBe(0);
      expect(none.stdout).toContain(
        `not in ${home}/plugins: proxmoxve 8.6.0, minio 0.17.1, command 1.2.1; pulumi fetches none by itself`,
      );
      for (const name of ["proxmoxve-v8.6.0", "minio-v0.17.1", "command-v1.2.0"]) {
        const folder = join(home, "plugins", `resource-${name}`);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `pulumi-resource-${name.split("-")[0]}`), "");
      }
      const outdated = await site.lifeboat(["doctor"], { env: { PULUMI_HOME: home } });
      expect(outdated.stdout).toContain(`not in ${home}/plugins: command 1.2.1; pulumi`);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  test("settings that are wrong stop only their own environment", async () => {
    const lab = join(site.project, "Pulumi.lab.yaml");
    writeFileSync(lab, "config: { lifeboat:profile: nonsense }\n");
    const { code, stdout } = await site.lifeboat(["doctor"]);
    rmSync(lab);
    expect(code).toBe(3);
    expect(stdout).toContain("lifeboat:profile");
    expect(stdout).toMatch(/✓ privileges/u);
  });

  test("--print-setup: lines for a shell, no request, and they give exactly what doctor asks for", async () => {
    let result: RunResult | undefined;
    const methods = await methodsOf(async () => (result = await site.lifeboat(["doctor", "--print-setup"])));
    expect([result?.code, methods]).toEqual([0, []]);
    const lines = result?.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#")) ?? [];
    // Each can be run again: it changes what is there, or makes it.
    for (const line of lines) expect(line).toMatch(/^pveum (?:acl modify |(.+) modify .+ \|\| pveum \1 add )/u);
    expect(lines.at(-1)).toBe(
      "pveum user token modify lifeboat@pve cli --privsep 0 2>/dev/null || pveum user token add lifeboat@pve cli --privsep 0",
    );
    expect(lines.join("\n")).toContain(
      "pveum acl modify /storage/backup --users lifeboat@pve --roles LifeboatBackups --propagate 1",
    );
  });
});

/** A cluster in which no role has these privileges. */
function without(...privileges: readonly string[]) {
  return (cluster: StartCluster): StartCluster => ({
    ...cluster,
    access: {
      ...cluster.access,
      roles: cluster.access.roles.map((role) => ({
        ...role,
        privileges: role.privileges.filter((privilege) => !privileges.includes(privilege)),
      })),
    },
  });
}

test("the roles of the set-up hold every privilege that is needed, at its path", () => {
  const scope = {
    vmids: [101, 110],
    machines: [110],
    seeded: [110],
    storages: ["local"],
    backupStorages: ["backup"],
    declaresStorage: true,
    pools: ["p"],
  };
  const grants = roleGrants(scope);
  for (const { privilege, path } of neededPrivileges(scope)) {
    const above = grants.filter((grant) => grant.path === path || (grant.propagate && isBelow(path, grant.path)));
    // Proxmox looks at the deepest path that has a role for the user, and at no other.
    const deepest = Math.max(...above.map((grant) => grant.path.length));
    const held = above.filter((grant) => grant.path.length === deepest).flatMap((grant) => grant.privileges);
    expect([path, held]).toEqual([path, expect.arrayContaining([privilege])]);
  }
});

function isBelow(path: string, above: string): boolean {
  return above === "/" || path.startsWith(`${above}/`);
}

async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  await new Promise((resolve) => server.close(resolve));
  return `https://127.0.0.1:${String(port)}`;
}

describe("backups", () => {
  test("none: 10, where was searched, and how to make one", async () => {
    const { code, stdout, stderr } = await site.lifeboat(["backups", "db"]);
    expect([code, stdout]).toEqual([10, ""]);
    expect(stderr).toContain("Unable to list the backups of db: there are none (searched: local, backup)");
    expect(stderr).toContain("HINT: make one: lifeboat backup prod/db");
    expect(json(await site.lifeboat(["backups", "db", "--json"]))).toMatchObject({
      message_type: "error",
      exitCode: 10,
    });
  });

  test("newest first, with what a person and a script want to know; hostile notes do no harm", async () => {
    const older = await site.backUp(101);
    const newer = await site.backUp(101);
    const notes = "a'; touch pwned; $(x) \" \u001b[31mred\u001b]0;title\u0007";
    await site.client.backups.setArchiveNotes(node, older, notes);
    await site.client.backups.setArchiveProtection(node, older, true);
    await site.client.backups.setArchiveNotes(node, newer, "lifeboat save point 101-20261121T010000000\nmore");
    const people = await site.lifeboat(["backups", "prod/web"]);
    expect(people.code).toBe(0);
    expect(people.stdout.indexOf(newer)).toBeLessThan(people.stdout.indexOf(older));
    expect(people.stdout).toContain(`a'; touch pwned; $(x) " red`);
    expect(people.stdout).toContain("save point");
    expect(people.stdout).toContain("protected");
    expect(people.stdout).toContain("DATE (UTC)");
    // eslint-disable-next-line no-control-regex
    expect(people.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/u);
    expect(existsSync(join(site.project, "pwned"))).toBe(false);
    expect(json(await site.lifeboat(["backups", "101", "--json"]))).toMatchObject({
      message_type: "result",
      environment: "prod",
      guest: "web",
      id: 101,
      timeZone: "UTC",
      backups: [
        { archive: newer, savePoint: true, protected: false, storage: "backup", type: "lxc" },
        { archive: older, savePoint: false, protected: true, notes: expect.stringContaining("touch pwned") },
      ],
    });
    await site.fault("answer-596", { path: "^GET .*/storage/local/content" });
    const partly = await site.lifeboat(["backups", "web"]);
    expect([partly.code, partly.stderr]).toEqual([3, expect.stringContaining("storage local was not searched")]);
  });

  test("a node that is down: 14 with the address [K3]", async () => {
    const closed = await closedPort();
    await withSettings(
      (text) => text.replace(site.endpoint(), closed),
      async () => {
        const { code, stderr } = await site.lifeboat(["backups", "web"]);
        expect(code).toBe(14);
        expect(stderr).toContain(`Unable to list the backups of web: ${closed} cannot be reached`);
        expect(stderr).toContain("HINT: check that the node is up");
        expect(stderr).not.toMatch(/^ {4}at /mu);
      },
    );
  });
});

describe("status", () => {
  test("says what is missing, and ends with 3", async () => {
    const { code, stdout } = await site.lifeboat(["status"]);
    expect(code).toBe(3);
    expect(stdout).toContain("there is no backup job lifeboat-prod: pulumi up makes it, unless it was deleted by hand");
    expect(stdout).toMatch(/✗ db +102 .*none +26 h\n +it was never backed up\n/u);
  });

  test("with a job and a backup of each guest: 0; save points do not count, the opted-out disk is no problem [A3]", async () => {
    await site.client.post(["cluster", "backup"], {
      id: "lifeboat-prod",
      schedule: "01:00",
      storage: "backup",
      vmid: "101,102",
    });
    const savePoint = await site.backUp(102);
    await site.client.backups.setArchiveNotes(node, savePoint, "lifeboat save point 102-20261121T010000000");
    const [onlySavePoint] = guestsOf(await site.lifeboat(["status", "--json"])).filter(({ name }) => name === "db");
    expect(onlySavePoint).toMatchObject({ backups: 0, savePoints: 1, problems: ["it was never backed up"] });
    await site.backUp(101);
    await site.backUp(102);
    const people = await site.lifeboat(["status"]);
    expect(people.stdout).toMatch(/next run +\d{4}-\d\d-\d\d 01:00 UTC, in /u);
    expect(people.stdout).toMatch(/✓ web +101 +running +\d{4}-/u);
    expect(people.stdout).not.toContain("✗");
    expect(people.stdout).toMatch(/\n✓ 2 guests: 2 fine\n$/u);
    expect(people.code).toBe(0);
  });

  test("an archive of another guest with the same number counts as no backup, and is named; backups marks it [A10, D15]", async () => {
    const [before] = guestsOf(await site.lifeboat(["status", "--json"])).filter(({ name }) => name === "web");
    const guest = { node, type: "lxc", vmid: web.id } as const;
    await site.client.guests.setGuestConfig(guest, { description: "lifeboat: lab/web" });
    const another = await site.backUp(web.id);
    const told = await site.lifeboat(["backups", "web"]);
    expect([told.code, told.stderr]).toEqual([
      0,
      expect.stringMatching(
        /WARNING: guest 101 on pve-prod is lab\/web, not prod\/web\nHINT: give it another number; .*pct set 101 --description 'lifeboat: prod\/web'/u,
      ),
    ]);
    await site.client.guests.setGuestConfig(guest, { description: "lifeboat: prod/web" });
    try {
      const status = await site.lifeboat(["status", "--json"]);
      const [found] = guestsOf(status).filter(({ name }) => name === "web");
      const why = "is not of prod/web: it is of lab/web";
      const problems = [`${another} ${why}; it counts as no backup`];
      const { archive } = newestSchema.parse(before?.["newest"]);
      expect([status.code, found?.["problems"]]).toEqual([3, problems]);
      expect(found).toMatchObject({ newest: { archive }, backups: before?.["backups"] });
      const backups = await site.lifeboat(["backups", "web"]);
      expect([backups.code, backups.stdout.replace(/\s+/gu, " ")]).toEqual([
        0,
        expect.stringContaining(`${another} doubtful: it ${why}`),
      ]);
      const { backups: listed } = listSchema.parse(json(await site.lifeboat(["backups", "web", "--json"])));
      expect(listed.filter(({ stranger }) => stranger !== null)).toEqual([
        expect.objectContaining({ archive: another, stranger: `it ${why}` }),
      ]);
    } finally {
      await site.client.tasks.wait(await site.client.backups.deleteArchive(node, another));
    }
  });

  test("a day without the job's run: the missing backup is named [A8]", async () => {
    await site.control({ command: "clock", offset: 3 * 86_400 });
    const { code, stdout } = await site.lifeboat(["status", "prod"]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ web .*\n +the backup of \d{4}-\d\d-\d\d 01:00 is missing/u);
  });

  test("a guest that nobody named, and one that the job does not have", async () => {
    await site.client.put(["cluster", "backup", "lifeboat-prod"], { vmid: "101" });
    await withSettings(
      (text) => text.slice(0, text.indexOf("    db:")),
      async () => {
        const { code, stdout } = await site.lifeboat(["status"]);
        expect(code).toBe(3);
        expect(stdout).toContain("container 102 (db) is in no settings and in no backup job");
      },
    );
    expect((await site.lifeboat(["status"])).stdout).toMatch(
      /✗ db [^✗]*\n +it is not in the backup job lifeboat-prod/u,
    );
  });

  test("nothing but GETs", async () => {
    expect(await methodsOf(() => site.lifeboat(["status"]))).toEqual(["GET"]);
  });
});

const statusSchema = z.looseObject({
  environments: z.array(z.looseObject({ guests: z.array(z.looseObject({ name: z.string() })) })),
});

const newestSchema = z.looseObject({ archive: z.string() });
const listSchema = z.looseObject({
  backups: z.array(z.looseObject({ archive: z.string(), stranger: z.string().nullable() })),
});

function guestsOf(result: RunResult) {
  return statusSchema.parse(json(result)).environments.flatMap(({ guests }) => guests);
}

describe("env", () => {
  test("exports that a shell understands, without a secret", async () => {
    const passphrase = "not-a-secret-7 with a space";
    const { code, stdout, stderr } = await site.lifeboat(["env", "prod"], {
      env: { PULUMI_CONFIG_PASSPHRASE: passphrase },
    });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.every((line) => /^export [A-Z_]+=/u.test(line))).toBe(true);
    expect(stdout).toContain(`export LIFEBOAT_PROXMOX_TOKEN_FILE=${site.env["LIFEBOAT_PROXMOX_TOKEN_FILE"] ?? ""}`);
    expect(stdout).toContain("export PULUMI_BACKEND_URL=file://");
    expect(stdout).toContain("export PULUMI_SKIP_UPDATE_CHECK=1");
    expect(stdout).toContain("export AWS_RESPONSE_CHECKSUM_VALIDATION=when_required");
    expect(stdout).toContain("export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true");
    expect(stdout + stderr).not.toContain("not-a-secret-7");
    const folder = /SSL_CERT_DIR=([^:\n]+)/u.exec(stdout)?.[1] ?? "";
    expect(readFileSync(join(folder, "site.pem"), "utf8")).toBe(
      readFileSync(join(site.project, "site-ca.pem"), "utf8"),
    );
  });

  test("PULUMI_BACKEND_URL is respected, and what is in SSL_CERT_DIR stays there", async () => {
    const env = { PULUMI_BACKEND_URL: "s3://bucket?x='y'", SSL_CERT_DIR: "/somewhere" };
    const first = await site.lifeboat(["env", "prod"], { env });
    expect(first.stdout).toContain(`export PULUMI_BACKEND_URL='s3://bucket?x='\\''y'\\'''`);
    const folders = /SSL_CERT_DIR=(.*)/u.exec(first.stdout)?.[1] ?? "";
    expect(folders).toMatch(/:\/somewhere$/u);
    const second = await site.lifeboat(["env", "prod"], { env: { ...env, SSL_CERT_DIR: folders } });
    expect(second.stdout).toContain(`SSL_CERT_DIR=${folders}\n`);
  });

  test("an environment that is not there: 2 with those that are", async () => {
    const { code, stderr } = await site.lifeboat(["env", "live"]);
    expect(code).toBe(2);
    expect(stderr).toContain("HINT: environments here: prod");
  });
});
