import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "../../../../scripts/terminal/command-error";
import { Redactor } from "../../../../scripts/terminal/redactor";
import { openSite, type Site } from "../../../../scripts/project/site";
import { PulumiEncrypter } from "../../../support/encrypt";

const passphrase = "not-a-secret passphrase";
const token = "lifeboat@pve!cli=not-a-secret-1";
const encrypter = new PulumiEncrypter(passphrase);

let folder: string;
let redactor: Redactor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-project-"));
  redactor = new Redactor();
  write("Pulumi.yaml", "name: site\nruntime: nodejs\n");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function environmentFile(guests: string, more = ""): string {
  return [
    `encryptionsalt: ${encrypter.salt}`,
    "config:",
    "  aws:region: eu",
    "  lifeboat:profile: prod",
    "  lifeboat:proxmox: { endpoint: https://192.0.2.11:8006, node: pve-prod }",
    "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
    `  lifeboat:guests: ${guests}`,
    more,
  ].join("\n");
}

function open(
  environment: Record<string, string> = {},
  options: { project?: string; from?: string } = {},
): Promise<Site> {
  return openSite({
    project: options.project,
    environment,
    workingDirectory: options.from ?? folder,
    redactor,
  });
}

async function refusal(run: () => unknown): Promise<CommandError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("expected a CommandError");
}

describe("finding the project", () => {
  test("upwards from the working directory", async () => {
    mkdirSync(join(folder, "a/b"), { recursive: true });
    expect((await open({}, { from: join(folder, "a/b") })).project.folder).toBe(folder);
  });

  test("--project goes before LIFEBOAT_PROJECT, which goes before the working directory", async () => {
    const other = mkdtempSync(join(tmpdir(), "lifeboat-other-"));
    writeFileSync(join(other, "Pulumi.yaml"), "name: other\n");
    expect((await open({ LIFEBOAT_PROJECT: other })).name).toBe("other");
    expect((await open({ LIFEBOAT_PROJECT: other }, { project: folder, from: "/" })).name).toBe("site");
    rmSync(other, { recursive: true });
  });

  test.each([
    [{ from: "/" }, {}, "neither / nor a folder above it holds a Pulumi.yaml"],
    [{ project: "/nowhere-at-all" }, {}, "/nowhere-at-all (from --project) does not exist"],
    [{}, { LIFEBOAT_PROJECT: "/" }, "/ (from LIFEBOAT_PROJECT) holds no Pulumi.yaml"],
  ])("%j %j is refused", async (options, environment, text) => {
    const error = await refusal(() => open(environment, options));
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.message).toBe(text);
    expect(error.hint).toContain("--project");
  });
});

describe("reading the settings", () => {
  test("only the keys of lifeboat; an object that pulumi stored as JSON is an object", async () => {
    write("Pulumi.prod.yaml", environmentFile(`'{"legacy":{"adopt":140}}'`));
    const site = await open();
    expect(site.environmentNames).toEqual(["prod"]);
    expect(site.environment("prod").settings.guests.map(({ name, id }) => [name, id])).toEqual([["legacy", 140]]);
  });

  test("no YAML: file, line and column; a key that stands twice is no YAML", async () => {
    write("Pulumi.prod.yaml", "config:\n  lifeboat:profile: prod\n  lifeboat:profile: lab\n");
    const error = await refusal(async () => (await open()).environment("prod"));
    expect(error.message).toBe("Pulumi.prod.yaml is not valid YAML: line 3, column 3: this key stands twice");
    write("Pulumi.prod.yaml", "config:\n  a: [1,\n");
    expect((await refusal(async () => (await open()).environment("prod"))).message).toContain("line ");
  });

  test("every problem of the settings, with its path, and exit code 2", async () => {
    write("Pulumi.prod.yaml", environmentFile("{ web: { kind: container, id: 7 }, x: { adopt: yes please } }"));
    const error = await refusal(async () => (await open()).environment("prod"));
    expect(error.exitCode).toBe(2);
    for (const path of ["guests.web.id", "guests.web.template", "guests.x.adopt"])
      expect(error.message).toContain(path);
  });

  test("an unknown environment is told with the ones that there are", async () => {
    write("Pulumi.lab.yaml", environmentFile("{}"));
    const error = await refusal(async () => (await open()).environment("prod"));
    expect(error.message).toContain("there is no environment 'prod'");
    expect(error.hint).toBe("environments here: lab");
  });

  test.each(["$(touch hit)", "a b", "a'b", "a;b"])(
    "a file for %s is none of an environment: its name would be pasted with the commands that are printed [N6]",
    async (name) => {
      write(`Pulumi.${name}.yaml`, environmentFile("{}"));
      const site = await open();
      expect(site.environmentNames).toEqual([]);
      expect((await refusal(() => site.environment(name))).message).toContain("there is no environment");
    },
  );
});

describe("a guest by id, name or env/name", () => {
  beforeEach(() => {
    write("Pulumi.prod.yaml", environmentFile("{ web: { adopt: 101 }, db: { adopt: 102 } }"));
    write("Pulumi.lab.yaml", environmentFile("{ web: { adopt: 201 } }"));
  });

  test.each([
    ["102", "prod", "db"],
    ["db", "prod", "db"],
    ["lab/web", "lab", "web"],
    ["prod/101", "prod", "web"],
    ["201", "lab", "web"],
  ])("%s", async (selector, environment, name) => {
    const found = (await open()).findGuest(selector);
    expect([found.environment.name, found.guest.name]).toEqual([environment, name]);
  });

  test("ambiguous: the candidates, for people and for scripts", async () => {
    const error = await refusal(async () => (await open()).findGuest("web"));
    expect(error).toMatchObject({
      exitCode: 2,
      details: {
        candidates: [
          { guest: "lab/web", id: 201 },
          { guest: "prod/web", id: 101 },
        ],
      },
    });
    expect(error.message).toContain("lab/web (201 on pve-prod), prod/web (101 on pve-prod)");
  });

  test("unknown: what there is", async () => {
    const error = await refusal(async () => (await open()).findGuest("mail"));
    expect(error.exitCode).toBe(2);
    expect(error.hint).toContain("prod/db (102)");
  });

  test.each(["", "/", "prod/", "a/b/c"])("'%s' is no guest", async (selector) => {
    expect((await refusal(async () => (await open()).findGuest(selector))).message).toContain("is not a guest");
  });

  test("broken settings of another environment stop nothing; where the guest may stand in them they are told", async () => {
    write("Pulumi.lab.yaml", "config: { lifeboat:profile: nonsense }\n");
    const site = await open();
    expect(site.findGuest("web").environment.name).toBe("prod");
    expect((await refusal(() => site.findGuest("mail"))).message).toContain("lifeboat:profile");
  });
});

const secret = (text: string): string => `{ secure: "${encrypter.encrypt(text)}" }`;

describe("secrets", () => {
  beforeEach(() => write("Pulumi.prod.yaml", environmentFile("{}", `  lifeboat:proxmoxToken: ${secret(token)}`)));

  test("the token of the settings needs the passphrase, from the variable or the file", async () => {
    const file = write("passphrase", `${passphrase}\n`);
    for (const environment of [{ PULUMI_CONFIG_PASSPHRASE: passphrase }, { PULUMI_CONFIG_PASSPHRASE_FILE: file }]) {
      const found = await (await open(environment)).environment("prod").token();
      expect(found).toEqual({ value: token, origin: "lifeboat:proxmoxToken" });
    }
    expect(redactor.redact(`x ${token} y not-a-secret-1 z ${passphrase}`)).toBe("x [secret] y [secret] z [secret]");
  });

  test.each([
    [{}, "no passphrase is set"],
    [{ PULUMI_CONFIG_PASSPHRASE: "another one" }, "does not open the secrets"],
    [{ PULUMI_CONFIG_PASSPHRASE: "" }, "does not open the secrets"],
    [{ PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere-at-all" }, "cannot be read"],
  ])("%j: exit code 12", async (environment, text) => {
    const error = await refusal(async () => (await open(environment)).environment("prod").token());
    expect(error.exitCode).toBe(12);
    expect(error.message).toContain(text);
    expect(error.message).not.toContain("another one");
  });

  test("variables go first, and then nothing is decrypted", async () => {
    const direct = "a@pve!xx=not-a-secret-3";
    const file = write("token", `${direct}\n`);
    const both = { LIFEBOAT_PROXMOX_TOKEN: token, LIFEBOAT_PROXMOX_TOKEN_FILE: file };
    expect(await (await open(both)).environment("prod").token()).toEqual({
      value: token,
      origin: "LIFEBOAT_PROXMOX_TOKEN",
    });
    const fromFile = await (await open({ LIFEBOAT_PROXMOX_TOKEN_FILE: file })).environment("prod").token();
    expect(fromFile).toEqual({ value: direct, origin: "LIFEBOAT_PROXMOX_TOKEN_FILE" });
  });

  test("a variable that names two environments alike is refused for both, and for no other [N5]", async () => {
    for (const name of ["a.b", "a-b", "c"]) write(`Pulumi.${name}.yaml`, environmentFile("{}"));
    const site = await open({ LIFEBOAT_PROXMOX_TOKEN_FILE_A_B: "/token" });
    for (const name of ["a.b", "a-b"]) {
      expect(await refusal(() => site.environment(name))).toMatchObject({
        exitCode: 2,
        message: "LIFEBOAT_PROXMOX_TOKEN_FILE_A_B names a-b and a.b alike: nobody can say whose secret it holds",
        hint: "rename one of them, or keep their secrets in the settings",
      });
    }
    expect(site.environment("c").name).toBe("c");
    expect((await open()).environment("a.b").name).toBe("a.b");
  });

  test("what is no token is refused without being shown", async () => {
    const error = await refusal(async () =>
      (await open({ LIFEBOAT_PROXMOX_TOKEN: "not-a-token" })).environment("prod").token(),
    );
    expect(error.exitCode).toBe(2);
    expect(error.message).not.toContain("not-a-token");
  });

  test("without any token the hint says how to make one", async () => {
    write("Pulumi.prod.yaml", environmentFile("{}"));
    const error = await refusal(async () => (await open()).environment("prod").token());
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.hint).toContain("--print-setup");
  });

  test("a secret deep in the settings does not need the passphrase until somebody wants it", async () => {
    const storage = `{ id: pbs, type: pbs, server: 192.0.2.20, datastore: main, username: backup@pbs, password: ${secret("not-a-secret-4")} }`;
    write("Pulumi.prod.yaml", environmentFile("{}").replace("{ id: backup, adopt: true }", storage));
    expect((await open()).environment("prod").settings.backup.storage).toMatchObject({ id: "pbs", type: "pbs" });
  });

  test("a value that was encrypted with another salt", async () => {
    const foreign = new PulumiEncrypter(passphrase, "another salt").encrypt(token);
    write("Pulumi.prod.yaml", environmentFile("{}", `  lifeboat:proxmoxToken: { secure: "${foreign}" }`));
    const error = await refusal(async () =>
      (await open({ PULUMI_CONFIG_PASSPHRASE: passphrase })).environment("prod").token(),
    );
    expect(error).toMatchObject({ exitCode: 12 });
    expect(error.message).toContain("encrypted with another passphrase or salt");
  });
});
