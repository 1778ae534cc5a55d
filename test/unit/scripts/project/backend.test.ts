import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pulumiVariables } from "../../../../scripts/project/pulumi-variables";
import { backendOf, localBackend } from "../../../../scripts/project/backend";
import { loadEnvironment } from "../../../../scripts/project/environment";
import { readPulumiProject } from "../../../../scripts/project/pulumi-project";
import { Redactor } from "../../../../scripts/terminal/redactor";
import { ownVariables, passphraseSource, shellCredential, tokenSource } from "../../../../site/settings/credentials";
import { PulumiEncrypter } from "../../../support/encrypt";

let folder: string;
const passphrase = "correct horse";
const encrypter = new PulumiEncrypter(passphrase);
const service = "{ service: { endpoint: https://s3.example.com:9000, ca: s3-ca.pem } }";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-backend-"));
  write("Pulumi.yaml", "name: site\nruntime: nodejs\n");
  write("Pulumi.prod.yaml", settings());
  write("s3-ca.pem", "-----BEGIN CERTIFICATE-----\nAQ==\n-----END CERTIFICATE-----\n");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function settings(...lines: string[]): string {
  return [
    "config:",
    "  lifeboat:profile: prod",
    "  lifeboat:proxmox: { endpoint: https://192.0.2.11:8006, node: pve }",
    "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
    ...lines,
    "",
  ].join("\n");
}

function declareStore(): void {
  write("Pulumi.monitoring.yaml", settings(`  lifeboat:stateStore: ${service}`));
}

function environment(variables: Record<string, string> = {}) {
  const project = readPulumiProject({ folder, file: join(folder, "Pulumi.yaml") });
  return loadEnvironment(project, "prod", { environment: variables, redactor: new Redactor() });
}

function found(variables: Record<string, string> = {}) {
  return backendOf(environment(), { HOME: folder, ...variables });
}

const bucket =
  "s3://lifeboat-state-prod?endpoint=https://s3.example.com:9000&use_path_style=true&region=us-east-1&profile=lifeboat-prod";

describe("where a state is", () => {
  test("without a store: in the order of pulumi itself, then a folder of this machine", () => {
    expect(found()).toEqual({
      url: `file://${folder}/.local/share/lifeboat/site/pulumi`,
      origin: "default",
      folder: `${folder}/.local/share/lifeboat/site/pulumi`,
    });
    write(".pulumi/credentials.json", JSON.stringify({ current: "s3://bucket", accounts: {} }));
    expect(found()).toMatchObject({ url: "s3://bucket", origin: "last login" });
    write("Pulumi.yaml", "name: site\nruntime: nodejs\nbackend: { url: file://./state }\n");
    expect(found()).toMatchObject({ url: "file://./state", origin: "Pulumi.yaml" });
    expect(found({ PULUMI_BACKEND_URL: "file:///elsewhere" })).toMatchObject({
      url: "file:///elsewhere",
      origin: "PULUMI_BACKEND_URL",
    });
  });

  test("with a store: its bucket, before a login; on this machine while a state is there [B3, B6]", () => {
    declareStore();
    write(".pulumi/credentials.json", JSON.stringify({ current: "s3://bucket", accounts: {} }));
    expect(found()).toEqual({ url: bucket, origin: "state store", folder: undefined });
    const local = localBackend(environment().project, { HOME: folder });
    for (const end of ["json", "json.gz"]) {
      const place = `.local/share/lifeboat/site/pulumi/.pulumi/stacks/site/prod.${end}`;
      write(place, "{}");
      expect(found()).toEqual({ ...local, origin: "local state" });
      rmSync(join(folder, place));
    }
    write(".local/share/lifeboat/site/pulumi/.pulumi/stacks/site/prod.json.bak", "{}");
    write(".local/share/lifeboat/site/pulumi/.pulumi/stacks/site/prod-2.json", "{}");
    expect(found()).toMatchObject({ origin: "state store" });
  });

  test("what lifeboat env printed for any environment names nothing of its own; another URL does [B3]", () => {
    declareStore();
    const { url } = localBackend(environment().project, { HOME: folder });
    const lab = bucket.replaceAll("-prod", "-monitoring");
    for (const own of [url, bucket, lab]) {
      expect(found({ PULUMI_BACKEND_URL: own })).toMatchObject({ url: bucket, origin: "state store" });
    }
    expect(found({ PULUMI_BACKEND_URL: "s3://lifeboat-state-prod" })).toMatchObject({ origin: "PULUMI_BACKEND_URL" });
  });

  test("two stores: refused with their names; broken settings stop only whoever declares the store [B3]", () => {
    write("Pulumi.lab.yaml", "config: [");
    declareStore();
    expect(found()).toMatchObject({ origin: "state store" });
    write("Pulumi.lab.yaml", settings(`  lifeboat:stateStore: ${service}`));
    expect(() => found()).toThrow("lab and monitoring each declare a state store");
    write("Pulumi.lab.yaml", settings());
    write("Pulumi.monitoring.yaml", settings(`  lifeboat:stateStore: ${service}`, "  lifeboat:profil: prod"));
    expect(() => found()).toThrow("the settings of monitoring, which declares the state store, are wrong");
  });
});

describe("what pulumi needs for the store", () => {
  test("a key in a file that only its owner reads, under the profile of the URL; the authority; no secret [B3]", async () => {
    declareStore();
    const sealed = encrypter.encrypt(JSON.stringify({ accessKey: "lifeboat-prod", secretKey: "not-a-secret-9" }));
    const key = `  lifeboat:stateKey: { secure: "${sealed}" }\nencryptionsalt: ${encrypter.salt}`;
    write("Pulumi.prod.yaml", settings(key));
    write("bundle.pem", "others\n");
    const variables = {
      HOME: folder,
      XDG_STATE_HOME: join(folder, "state"),
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      LIFEBOAT_PROXMOX_TOKEN: "a@pve!b=c",
      AWS_CA_BUNDLE: join(folder, "bundle.pem"),
    };
    const { exports, notes } = await pulumiVariables(environment(variables), variables);
    expect(JSON.stringify({ exports, notes })).not.toContain("not-a-secret-9");
    expect(exports["PULUMI_BACKEND_URL"]).toBe(bucket);
    const file = exports["AWS_SHARED_CREDENTIALS_FILE"] ?? "";
    expect(readFileSync(file, "utf8")).toBe(
      "[lifeboat-prod]\naws_access_key_id = lifeboat-prod\naws_secret_access_key = not-a-secret-9\n",
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [trust = ""] = exports["SSL_CERT_DIR"]?.split(":") ?? [];
    const authority = readFileSync(join(folder, "s3-ca.pem"), "utf8");
    expect(readFileSync(join(trust, "state-store.pem"), "utf8")).toBe(authority);
    expect(readFileSync(exports["AWS_CA_BUNDLE"] ?? "", "utf8")).toBe(`others\n${authority}`);
    const again = await pulumiVariables(environment(variables), { ...variables, ...exports });
    expect(again.exports).toEqual(exports);
  });

  test("an authority that the settings name no longer is trusted no longer [N4]", async () => {
    declareStore();
    const variables = { HOME: folder, XDG_STATE_HOME: join(folder, "state"), LIFEBOAT_PROXMOX_TOKEN: "a@pve!b=c" };
    const trusted = async (): Promise<string[]> => {
      const { exports } = await pulumiVariables(environment(variables), variables);
      return readdirSync(exports["SSL_CERT_DIR"]?.split(":")[0] ?? "").sort();
    };
    const now = await trusted();
    expect(now).toContain("state-store.pem");
    const trust = join(folder, "state/lifeboat", readdirSync(join(folder, "state/lifeboat"))[0] ?? "", "trust");
    // As the settings had it: a node's own authority, and another store's.
    writeFileSync(join(trust, "site.pem"), "an old one");
    expect(await trusted()).toEqual(now);
  });

  test("what vouches for one environment vouches for no other that lifeboat env names in the same shell [N5]", async () => {
    const home = { HOME: folder, XDG_STATE_HOME: join(folder, "state"), LIFEBOAT_PROXMOX_TOKEN: "a@pve!b=c" };
    const other = join(folder, "state/lifeboat/lab@192.0.2.12_8006/trust");
    const own = { ...home, SSL_CERT_DIR: `${other}:/own/certs` };
    const { exports: without } = await pulumiVariables(environment(own), own);
    expect(without["SSL_CERT_DIR"]).toBe("/own/certs");
    declareStore();
    const { exports } = await pulumiVariables(environment(own), own);
    expect(exports["SSL_CERT_DIR"]).toMatch(/prod@192\.0\.2\.11_8006\/trust:\/own\/certs$/u);
    expect(exports["SSL_CERT_DIR"]).not.toContain("lab@");
  });

  test("a token of one environment's own stays its own in the shell: no other's node gets it [N5]", async () => {
    write("token-of-prod", "a@pve!prod=not-a-secret");
    const own = join(folder, "token-of-prod");
    const given = {
      HOME: folder,
      XDG_STATE_HOME: join(folder, "state"),
      LIFEBOAT_PROXMOX_TOKEN_FILE: "/keys/all",
      LIFEBOAT_PROXMOX_TOKEN_FILE_PROD: own,
    };
    const { exports } = await pulumiVariables(environment(given), given);
    expect(exports).toMatchObject({ LIFEBOAT_PROXMOX_TOKEN_FILE_PROD: own });
    expect(shellCredential(tokenSource, "lab", { ...given, ...exports })).toMatchObject({ path: "/keys/all" });
  });

  test("a passphrase file of one environment is tried for no other in the same shell, and that is said [N5]", async () => {
    const home = { HOME: folder, XDG_STATE_HOME: join(folder, "state"), LIFEBOAT_PROXMOX_TOKEN: "a@pve!b=c" };
    const name = "PULUMI_CONFIG_PASSPHRASE_FILE";
    const of = async (given: Record<string, string>) => pulumiVariables(environment(given), given);
    const exportedFor = async (own: Record<string, string>) => ({
      ...home,
      ...(await of({ ...home, ...own })).exports,
    });
    // What lifeboat env lab leaves in the shell, as it leaves it for prod.
    const prods = await exportedFor({ [`${name}_PROD`]: "/keys/prod" });
    expect(prods).toMatchObject({ [name]: "/keys/prod", LIFEBOAT_PASSPHRASE_FILE_IS_OF: "prod:/keys/prod" });
    const labs = { ...home, [name]: "/keys/lab", LIFEBOAT_PASSPHRASE_FILE_IS_OF: "lab:/keys/lab" };
    expect(shellCredential(passphraseSource, "prod", labs)).toBeUndefined();
    expect(shellCredential(passphraseSource, "lab", labs)).toMatchObject({ path: "/keys/lab" });
    expect(ownVariables("prod", labs)[name]).toBeUndefined();
    const { exports, notes } = await of(labs);
    expect(exports).toMatchObject({ [name]: "", LIFEBOAT_PASSPHRASE_FILE_IS_OF: "" });
    expect(notes.join("\n")).toContain("the passphrase file that lifeboat env lab has exported is of lab alone");
    const sealed = `  lifeboat:proxmoxToken: { secure: "${encrypter.encrypt("{}")}" }\nencryptionsalt: ${encrypter.salt}`;
    write("Pulumi.prod.yaml", settings(sealed));
    await expect(environment(labs).secret("proxmoxToken")).rejects.toThrow(
      "no passphrase of prod is set, but that of lab (lifeboat env lab)",
    );
    // Whoever sets the general one by hand means all.
    const general = { ...labs, [name]: "/keys/all" };
    expect(shellCredential(passphraseSource, "prod", general)).toMatchObject({ path: "/keys/all" });
    expect(await exportedFor({ [name]: "/keys/all" })).not.toHaveProperty("LIFEBOAT_PASSPHRASE_FILE_IS_OF");
    const same = { [name]: "/keys/all", [`${name}_PROD`]: "/keys/all" };
    expect(await exportedFor(same)).not.toHaveProperty("LIFEBOAT_PASSPHRASE_FILE_IS_OF");
  });

  test("what would have a provider verify nobody, or sign in as somebody else, is emptied in the shell [N4, N5]", async () => {
    declareStore();
    const variables = {
      HOME: folder,
      XDG_STATE_HOME: join(folder, "state"),
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      PROXMOX_VE_INSECURE: "true",
      PROXMOX_VE_API_TOKEN: "other@pve!other=not-a-secret-9",
      PROXMOX_VE_ENDPOINT: "https://192.0.2.99:8006",
      MINIO_INSECURE: "true",
      MINIO_SESSION_TOKEN: "",
    };
    const { exports } = await pulumiVariables(environment(variables), variables);
    const told = Object.entries(exports).filter(([name]) => /^(?:PROXMOX_VE|MINIO)_/u.test(name));
    expect(Object.fromEntries(told)).toEqual({ MINIO_INSECURE: "", PROXMOX_VE_API_TOKEN: "", PROXMOX_VE_INSECURE: "" });
  });

  test("nothing is written below a folder in which others may write [N6]", async () => {
    declareStore();
    const home = join(folder, "state");
    mkdirSync(join(home, "lifeboat"), { recursive: true });
    chmodSync(join(home, "lifeboat"), 0o777);
    const variables = { HOME: folder, XDG_STATE_HOME: home, LIFEBOAT_PROXMOX_TOKEN: "a@pve!b=c" };
    await expect(pulumiVariables(environment(variables), variables)).rejects.toThrow("others may write to it");
    expect(readdirSync(join(home, "lifeboat"))).toEqual([]);
  });

  test("what is missing is a note, and stops nothing [B3]", async () => {
    declareStore();
    const variables = { HOME: folder, XDG_STATE_HOME: join(folder, "state"), LIFEBOAT_PROXMOX_TOKEN: "a@pve!b=c" };
    const none = await pulumiVariables(environment(variables), variables);
    expect(none.notes).toContain("prod has no key for the state store yet: lifeboat up makes it");
    const sealed = `  lifeboat:stateKey: { secure: "${encrypter.encrypt("{}")}" }\nencryptionsalt: ${encrypter.salt}`;
    write("Pulumi.prod.yaml", settings(sealed));
    const { notes } = await pulumiVariables(environment(variables), variables);
    expect(notes.join("\n")).toContain("the key for the state store is not written down: no passphrase is set");
  });
});

function seal(value: string): void {
  write(
    "Pulumi.prod.yaml",
    settings(`  lifeboat:proxmoxToken: { secure: "${value}" }\nencryptionsalt: ${encrypter.salt}`),
  );
}

function token(variables: Record<string, string> = {}) {
  return environment(variables).token();
}

describe("a secret that does not open", () => {
  test("the passphrase is what is missing, or the token in another way [K1, N4]", async () => {
    seal(encrypter.encrypt("a@pve!b=c"));
    await expect(token()).rejects.toMatchObject({
      message: expect.stringContaining("no passphrase is set"),
      hint: "set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the passphrase of prod; or name a file with lifeboat:proxmoxToken in LIFEBOAT_PROXMOX_TOKEN_FILE",
    });
    await expect(environment().secret("stateStoreOffsiteKey")).resolves.toBeUndefined();
  });

  test("one that is damaged is not asked a passphrase for, and another secret not the token [K1, N4]", async () => {
    seal("v1:damaged");
    await expect(token({ PULUMI_CONFIG_PASSPHRASE: passphrase })).rejects.toMatchObject({
      hint: expect.stringMatching(/^put back what it was: git log -p \S*Pulumi\.prod\.yaml; or name a file/u),
    });
    const key = `  lifeboat:stateStoreOffsiteKey: { secure: "${encrypter.encrypt("{}")}" }\nencryptionsalt: ${encrypter.salt}`;
    write("Pulumi.prod.yaml", settings(key));
    await expect(environment().secret("stateStoreOffsiteKey")).rejects.toMatchObject({
      hint: "set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the passphrase of prod",
    });
  });
});
