import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { kitShape, writtenKitShape } from "../../../scripts/inspect/kit/shape";
import { RestoreSite } from "../restore/restore-site";
import { bundle } from "../support/run-bundle";
import { sealSettings } from "../../support/sealed-settings";

/** `lifeboat kit`: what somebody has who has nothing else. */

const passphrase = "not-a-secret-passphrase";
const hidden = "not-a-real-password-of-root";
const settings = {
  file: "kit.html",
  kept: { passphrase: "envelope A in the safe", repository: "git.example.com/ops/site" },
  contacts: ["Anna, +49 30 000000", "Ben, ben@example.com"],
};
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web", withCache: true },
    { id: 102, name: "db" },
  ]);
  const text = site.read("Pulumi.prod.yaml").replace(/^( +)(id: 101)$/mu, "$1$2\n$1needs: [db]");
  site.write(
    "Pulumi.prod.yaml",
    `${text}  lifeboat:kit: ${JSON.stringify(settings)}\n  lifeboat:ssh: { identity: keys/id_site }\n`,
  );
  mkdirSync(join(site.folder, "secret"));
  writeFileSync(join(site.folder, "secret", "passphrase"), passphrase);
  await sealSettings(join(site.project, "Pulumi.prod.yaml"), join(site.folder, "secret", "passphrase"), {
    "lifeboat:proxmoxRootPassword": hidden,
  });
  await site.backUp(101);
});

afterAll(() => site.stop());

async function kit(...words: readonly string[]) {
  const { stdout, stderr, code } = await site.lifeboat(["kit", ...words], {
    env: { PULUMI_CONFIG_PASSPHRASE: passphrase },
  });
  return { stdout, stderr, code };
}

function withoutType(line: string): unknown {
  const { message_type: _type, ...value } = JSON.parse(line) as Record<string, unknown>;
  return value;
}

async function opened(content: string, identity: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(armor.decode(content), "text");
}

async function run(program: readonly string[], env: Record<string, string>, cwd: string) {
  return new Promise<{ code: number; stdout: string }>((done) => {
    execFile(process.execPath, [...program], { env, cwd }, (error, stdout) => {
      done({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, stdout });
    });
  });
}

function path(name: string): string {
  return join(site.project, name);
}

/** As the kit's first step says, with the tools of any system. */
function unpack(file: string): string {
  const folder = mkdtempSync(join(site.folder, "laptop-"));
  const marks = "/-----BEGIN LIFEBOAT KIT-----$/,/-----END LIFEBOAT KIT-----$/p";
  const line = `sed -n '${marks}' "$1" | sed '1d;$d' | tr -d ' ' | base64 -d | tar -xz`;
  const shown = readFileSync(file, "utf8")
    .replaceAll("&#39;", "'")
    .replace(/<\/?span[^>]*>/gu, "");
  expect(shown).toContain(line.replace('"$1"', "THIS-FILE"));
  execFileSync("sh", ["-c", line, "sh", file], { cwd: folder });
  return folder;
}

test("it says whom to call, where what lies, which secrets are needed and where they are kept, and no secret [H7]", async () => {
  const { stdout, stderr, code } = await kit();
  expect(code).toBe(0);
  expect(stdout).toMatch(/WHOM TO CALL, IN THIS ORDER\n {2}- Anna, \+49 30 000000\n {2}- Ben/u);
  expect(stdout).toMatch(/^ {2}nodes +prod +pve-prod at https:\/\/127\.0\.0\.1:\d+$/mu);
  expect(stdout).toMatch(/^ {2}repository +all +git\.example\.com\/ops\/site$/mu);
  expect(stdout).toMatch(/^ {2}Pulumi's passphrase +every secret .* envelope A in the safe$/mu);
  expect(stdout).toMatch(/^ {2}API token of prod .*NOBODY HAS SAID/mu);
  expect(stdout).toContain(path("keys/id_site"));
  expect(stderr).toContain("the settings do not say where a copy is kept of: API token of prod");
  expect(stdout + stderr).not.toContain(passphrase);
  expect(stdout + stderr).not.toContain(hidden);
});

test("each step has Lifeboat's command and the lines for a node, needed guests first, with every volume in its place [H7, 004 US6.1, 004 US6.2]", async () => {
  const { stdout } = await kit();
  const steps = [...stdout.matchAll(/^STEP (\d): /gmu)].map(([, number]) => Number(number));
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(stdout.replace(/\s+/gu, " ")).toContain("needs the repository and the pulumi CLI");
  expect(stdout.indexOf("\nprod/db: 102")).toBeGreaterThan(0);
  expect(stdout.indexOf("\nprod/db: 102")).toBeLessThan(stdout.indexOf("\nprod/web: 101"));
  for (const line of [
    "lifeboat doctor prod",
    "lifeboat restore guest prod/web --dry-run",
    'pct restore 101 "$ARCHIVE" --unprivileged 1 --rootfs local:1 --mp0 data:2,mp=/srv,backup=1 --mp1 local:1,mp=/var/cache/app',
    "pvesm list backup --content backup --vmid 101",
    "pvesh create /cluster/backup --id lifeboat-prod --schedule 01:00 --storage backup --vmid 101,102",
    "pveum user token modify lifeboat@pve cli",
    "lifeboat check",
  ]) {
    expect(stdout).toContain(`    ${line}`);
  }
});

test("from the kit alone, on a machine with neither repository nor journals, a guest is restored [H7, H1]", async () => {
  const file = join(site.folder, "all.html");
  const env = { ...site.env, PULUMI_CONFIG_PASSPHRASE: passphrase };
  expect(await run([bundle, "kit", "--out", file, "--with-program"], env, site.folder)).toMatchObject({ code: 0 });
  const laptop = unpack(file);
  expect(readdirSync(join(laptop, "project")).sort()).toEqual(["Pulumi.prod.yaml", "Pulumi.yaml", "site-ca.pem"]);
  await site.destroy(101);
  const program = [join(laptop, "lifeboat.cjs"), "restore", "guest", "prod/web", "--force"];
  const bare = {
    PATH: process.env["PATH"] ?? "",
    HOME: laptop,
    LIFEBOAT_PROJECT: join(laptop, "project"),
    LIFEBOAT_PROXMOX_TOKEN_FILE: site.env["LIFEBOAT_PROXMOX_TOKEN_FILE"] ?? "",
  };
  const { code, stdout } = await run(program, bare, laptop);
  expect(stdout).toMatch(/^Restored prod\/web \(101\) on pve-prod, proven/u);
  expect(code).toBe(0);
  expect(await site.exists(101)).toBe(true);
});

test("what pulumi runs goes along with the program, and is run where its sources are not [H7, H1]", async () => {
  const own = resolve(__dirname, "../../..");
  const before = site.read("Pulumi.yaml");
  site.write("Pulumi.yaml", `${before}main: lifeboat/stacks/start.cjs\n`);
  symlinkSync(own, path("lifeboat"));
  const file = join(site.folder, "stacks.html");
  const made = await run([bundle, "kit", "--out", file, "--with-program", "--json"], site.env, site.folder);
  rmSync(path("lifeboat"));
  site.write("Pulumi.yaml", before);
  expect(writtenKitShape.parse(withoutType(made.stdout))).toMatchObject({ exitCode: 0, notInIt: [] });
  const page = readFileSync(file, "utf8").replace(/<\/?span[^>]*>/gu, "");
  expect(/npm ci .*? --prefix \S+?(?=pulumi )/u.exec(page)?.[0]).toBe(
    "npm ci --omit=dev --ignore-scripts --prefix project/lifeboat",
  );
  const laptop = unpack(file);
  const stacks = join(laptop, "project", "lifeboat");
  expect(readdirSync(stacks, { recursive: true, encoding: "utf8" }).sort()).toEqual([
    "dist",
    "dist/lifeboat.cjs",
    "dist/program.cjs",
    "package-lock.json",
    "package.json",
    "stacks",
    "stacks/build.cjs",
    "stacks/load-pulumi.cjs",
    "stacks/start.cjs",
  ]);
  const program = readFileSync(join(laptop, "lifeboat.cjs"));
  expect(readFileSync(join(stacks, "dist/lifeboat.cjs")).equals(program)).toBe(true);
  const found = 'process.stdout.write(require("./project/lifeboat/stacks/build.cjs").builtProgram())';
  const said = await run(["-e", found], { PATH: process.env["PATH"] ?? "" }, laptop);
  expect(said).toEqual({ code: 0, stdout: realpathSync(join(stacks, "dist/program.cjs")) });
});

test.each([
  ["a program of one's own", "main: index.ts", "what pulumi runs, index.ts, which is not Lifeboat's"],
  ["none that is named", "", "what pulumi runs, the project's own program, which is not Lifeboat's"],
])("%s is not in it, which is said [H7]", async (_, main, said) => {
  const before = site.read("Pulumi.yaml");
  site.write("Pulumi.yaml", `${before}${main}\n`);
  const file = join(site.folder, `${String(main.length)}.txt`);
  const { stdout } = await run([bundle, "kit", "--out", file, "--with-program", "--json"], site.env, site.folder);
  site.write("Pulumi.yaml", before);
  expect(writtenKitShape.parse(withoutType(stdout))).toMatchObject({ exitCode: 0, notInIt: [said] });
  expect(readFileSync(file, "utf8").replace(/\s+/gu, " ")).toContain("needs the repository and the pulumi CLI");
});

test.each(["txt", "md"])(
  "a kit of the form .%s unpacks to the same files, without the program unless asked [H7]",
  async (form) => {
    const file = join(site.folder, `kit.${form}`);
    await kit("--out", file);
    const folder = unpack(file);
    expect(readdirSync(folder)).toEqual(["project"]);
    expect(readFileSync(join(folder, "project", "Pulumi.prod.yaml"))).toEqual(readFileSync(path("Pulumi.prod.yaml")));
  },
);

test("secrets go into an encrypted file only, and that opens for its recipient [H7, K1]", async () => {
  const [identity, other] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
  const recipient = await identityToRecipient(identity);
  const refused = await kit("--out", join(site.folder, "secret.html"), "--with-secrets");
  expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("encrypted file only") });
  const file = join(site.folder, "secret.html.age");
  const { code, stdout } = await kit("--out", file, "--recipient", recipient, "--with-secrets", "--json");
  expect(code).toBe(0);
  expect(writtenKitShape.parse(withoutType(stdout))).toMatchObject({ encrypted: true, secrets: true, program: false });
  expect(statSync(file).mode & 0o077).toBe(0);
  const content = readFileSync(file, "utf8");
  expect(content).not.toContain("Break-glass");
  expect(await opened(content, identity)).toContain(`<span class="word">${passphrase}</span>`);
  await expect(opened(content, other)).rejects.toThrow(/no identity matched/u);
  // Without secrets it would be less than it was.
  const less = await kit("--out", file, "--recipient", recipient);
  expect(less).toMatchObject({ code: 13, stderr: expect.stringContaining("holds secrets") });
  expect(readFileSync(file, "utf8")).toBe(content);
});

test("it opens for each of several recipients, named in one flag or in several; a key with a typing error is named [H7, K2]", async () => {
  const identities = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
  const [first = "", second = ""] = await Promise.all(identities.map((identity) => identityToRecipient(identity)));
  const ways = [
    ["--recipient", `${first}, ${second}`],
    ["--recipient", first, "--recipient", second],
  ];
  for (const [index, words] of ways.entries()) {
    const file = join(site.folder, `several-${String(index)}.txt.age`);
    expect(await kit("--out", file, ...words)).toMatchObject({ code: 0 });
    for (const identity of identities) {
      expect(await opened(readFileSync(file, "utf8"), identity)).toContain("Break-glass");
    }
  }
  const wrong = `${first.slice(0, -1)}${first.endsWith("q") ? "p" : "q"}`;
  const file = join(site.folder, "mistyped.txt.age");
  const refused = await kit("--out", file, "--recipient", `${first},${wrong}`);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`${wrong} is no public key of age`) });
  expect(refused.stderr).not.toContain("defect");
  expect(existsSync(file)).toBe(false);
});

test("settings with a secret in the clear are put into no file that is not encrypted [H7]", async () => {
  const text = site.read("Pulumi.prod.yaml");
  site.write(
    "Pulumi.prod.yaml",
    text.replace(/lifeboat:proxmoxRootPassword:\n +secure: .*/u, "lifeboat:proxmoxRootPassword: clear-text"),
  );
  const refused = [await kit(), await kit("--out", join(site.folder, "clear.txt"))];
  site.write("Pulumi.prod.yaml", text);
  for (const { code, stderr, stdout } of refused) {
    expect(code).toBe(13);
    expect(stderr).toContain("not encrypted: lifeboat:proxmoxRootPassword of prod");
    expect(stdout).not.toContain("clear-text");
  }
  expect(existsSync(join(site.folder, "clear.txt"))).toBe(false);
});

test.each([
  [
    "an environment whose settings are wrong",
    "Pulumi.wrong.yaml",
    'config: { "lifeboat:proxmoxToken": clear-text }',
    "lifeboat:proxmoxToken of wrong",
  ],
  [
    "one in part",
    "Pulumi.part.yaml",
    'config: { "lifeboat:stateKey": { secure: v1, secretKey: clear-text } }',
    "lifeboat:stateKey of part",
  ],
  [
    "one deep below",
    "Pulumi.deep.yaml",
    'config: { "lifeboat:backup": { storage: { password: clear-text } } }',
    "lifeboat:backup.storage.password of deep",
  ],
  [
    "one that cannot be read",
    "Pulumi.torn.yaml",
    'config: { "lifeboat:proxmoxToken": clear-text',
    "whatever the settings of torn hold",
  ],
])(
  "a secret in the clear of %s goes into no file that is not encrypted either [H7, K1]",
  async (_, name, text, why) => {
    site.write(name, text);
    const refused = await kit();
    rmSync(path(name));
    expect(refused).toMatchObject({ code: 13, stdout: "", stderr: expect.stringContaining(`not encrypted: ${why}`) });
  },
);

test("an environment whose settings are wrong, and hold no secret, keeps no kit from being made [H7]", async () => {
  site.write(
    "Pulumi.wrong.yaml",
    'config: { "lifeboat:stateKey": { accessKey: known, secretKey: { secure: v1 } }, "lifeboat:proxmoxToken": { secure: v1 } }',
  );
  const { code, stderr } = await kit();
  rmSync(path("Pulumi.wrong.yaml"));
  expect(code).toBe(0);
  expect(stderr).toContain("not in it: wrong: its settings are wrong");
});

test("a certificate that lies together with its private key is put into an encrypted kit only [H7, K1]", async () => {
  const [ca, settingsText] = [site.read("site-ca.pem"), site.read("Pulumi.prod.yaml")];
  site.write("site-ca.pem", `${ca}-----BEGIN EC ${"PRIVATE"} KEY-----\nAAAA\n-----END EC ${"PRIVATE"} KEY-----\n`);
  const refused = await kit();
  const recipient = await identityToRecipient(await generateX25519Identity());
  const sealed = await kit("--out", join(site.folder, "pair.txt.age"), "--recipient", recipient);
  site.write("site-ca.pem", ca);
  expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("a private key in project/site-ca.pem") });
  expect(sealed).toMatchObject({ code: 0 });
  expect(site.read("Pulumi.prod.yaml")).toBe(settingsText);
});

test("certificates from outside of the project keep their paths, and one deep below has its own: none lies over another [H7]", async () => {
  const text = site.read("Pulumi.prod.yaml");
  const deep = `${"a-folder-with-a-rather-long-name/".repeat(4)}site-ca.pem`;
  const s3 = { endpoint: "https://s3.example.com", region: "eu", bucket: "copies", kind: "ovh" };
  const copied = (ca: string) => `config:\n  lifeboat:offsite: ${JSON.stringify({ ...s3, ca, adopt: true })}\n`;
  mkdirSync(join(site.folder, "outside", "lab"), { recursive: true });
  mkdirSync(join(path(deep), ".."), { recursive: true });
  writeFileSync(join(site.folder, "outside", "ca.pem"), "of nodes\n");
  writeFileSync(join(site.folder, "outside", "lab", "ca.pem"), "of the service\n");
  writeFileSync(path(deep), "deep\n");
  const outside = join(site.folder, "outside");
  const file = join(site.folder, "places.txt");
  const withOffsite = (ca: string): string => text.replace("config:\n", copied(ca));
  site.write(
    "Pulumi.prod.yaml",
    withOffsite(`${outside}/lab/ca.pem`).replace("ca: site-ca.pem", `ca: ${outside}/ca.pem`),
  );
  const both = await kit("--out", file);
  site.write("Pulumi.prod.yaml", withOffsite(deep));
  const long = await kit("--out", join(site.folder, "long.txt"));
  site.write("Pulumi.prod.yaml", text);
  expect([both, long]).toMatchObject([{ code: 0 }, { code: 0 }]);
  const folder = unpack(file);
  const found = execFileSync("find", ["elsewhere", "-name", "ca.pem"], { cwd: folder, encoding: "utf8" })
    .trim()
    .split("\n");
  expect(found.map((name) => readFileSync(join(folder, name), "utf8")).sort()).toEqual([
    "of nodes\n",
    "of the service\n",
  ]);
  expect(readFileSync(join(unpack(join(site.folder, "long.txt")), "project", deep), "utf8")).toBe("deep\n");
});

test("status says that the file of the settings is missing, changed or older than the site, and --refresh mends it [H7]", async () => {
  const problems = async (): Promise<string[]> => {
    const { stdout } = await site.lifeboat(["status", "prod", "--json"]);
    const { environments } = JSON.parse(stdout) as { environments: { problems: string[] }[] };
    return environments.flatMap((one) => one.problems).filter((text) => text.includes("break-glass"));
  };
  expect(await problems()).toEqual(["there is no break-glass file kit.html: lifeboat kit --refresh"]);
  expect(await kit("--refresh")).toMatchObject({ code: 0 });
  expect(await problems()).toEqual([]);
  const before = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", before.replace("Ben, ben@example.com", "Eve, eve@example.com"));
  expect(await problems()).toEqual([
    expect.stringMatching(/^the break-glass file kit\.html of .* is older than the site; /u),
  ]);
  expect(await kit("--refresh")).toMatchObject({ code: 0 });
  expect(readFileSync(path("kit.html"), "utf8")).toContain("Eve, eve@example.com");
  expect(await problems()).toEqual([]);
  writeFileSync(path("kit.html"), "somebody's");
  expect(await problems()).toEqual([expect.stringContaining("is not what was written at")]);
  // It is somebody's now.
  expect(await kit("--refresh")).toMatchObject({ code: 13 });
  expect(readFileSync(path("kit.html"), "utf8")).toBe("somebody's");
  expect(await kit("--refresh", "--force")).toMatchObject({ code: 0 });
  expect(await problems()).toEqual([]);
});

test("it asks no node, and is made with every node down [H7]", async () => {
  const before = site.requests().length;
  await site.fault("node-unreachable", { node: "pve-prod" });
  const { code, stdout } = await kit("--json");
  await site.clearFaults();
  expect(code).toBe(0);
  expect(kitShape.parse(withoutType(stdout))).toMatchObject({ environments: ["prod"], notInIt: [] });
  expect(site.requests().length).toBe(before);
});

test.each([
  [["--out", "kit.pdf"], ".txt, .md or .html"],
  [["--out", "kit.html.age"], "for nobody"],
  [["--with-secrets"], "--out FILE.age"],
  [["--out", "kit.html", "--refresh"], "exclude each other"],
  [["--out", "kit.html", "--recipient", "age1short"], "--recipient"],
])("%j is refused [H7]", async (words, why) => {
  expect(await kit(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
});
