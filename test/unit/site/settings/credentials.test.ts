import {
  backupUserPattern,
  ownVariables,
  parseToken,
  secretSources,
  sharedVariable,
  shellCredential,
  tokenSource,
} from "../../../../site/settings/credentials";
import { rememberVariables } from "../../../../scripts/project/secret-variables";
import { Redactor } from "../../../../scripts/terminal/redactor";

describe("an API token", () => {
  test.each([
    ["lifeboat@pve!cli=6f1c-not-a-secret", "lifeboat@pve!cli", "6f1c-not-a-secret"],
    ["ops.team+1@example.org@ad-site!deploy.2=x=y", "ops.team+1@example.org@ad-site!deploy.2", "x=y"],
  ])("%s", (text, id, secret) => {
    expect(parseToken(text)).toEqual({ id, secret });
  });

  test.each([
    ["", "nothing"],
    ["lifeboat@pve!cli", "no secret"],
    ["lifeboat@pve!cli=", "an empty secret"],
    ["lifeboat@pve!c=secret", "a token's id of one character, which Proxmox refuses"],
    ["lifeboat@pve!1cli=secret", "a token's id that begins with a digit"],
    ["lifeboat@9pve!cli=secret", "a realm that begins with a digit"],
    ["lifeboat!cli=secret", "no realm"],
    ["lifeboat@pve=secret", "no token's id"],
    ["life boat@pve!cli=secret", "a space"],
    ["life:boat@pve!cli=secret", "a colon in the user's name"],
    ["lifeboat@pve!cli=sec ret", "a space in the secret"],
    ["PVEAPIToken=lifeboat@pve!cli=secret\n", "a line's end"],
  ])("%j is none: %s", (text) => {
    expect(parseToken(text)).toBeUndefined();
  });
});

test.each([
  ["backup@pbs", true],
  ["backup@pbs!lifeboat", true],
  ["anna@example.com@ldap!x", true],
  ["backup", false],
  ["backup@pbs!", false],
  ["back up@pbs", false],
  ["backup@pbs!a!b", false],
])("user or token of a backup server: %s %s", (text, isOne) => {
  expect(backupUserPattern.test(text)).toBe(isOne);
});

test("what a program prints is rid of a token's secret, whoever the token is of [B2]", () => {
  const redactor = new Redactor();
  rememberVariables(redactor, { LIFEBOAT_PROXMOX_TOKEN: "a=b@example.com@ldap!cli=not-a-secret-1" });
  expect(redactor.redact("Authorization failed for not-a-secret-1")).toBe("Authorization failed for [secret]");
});

test("the variable goes before the file that another names; what is empty is not given", () => {
  const both = { LIFEBOAT_PROXMOX_TOKEN: " a ", LIFEBOAT_PROXMOX_TOKEN_FILE: "/token" };
  expect(shellCredential(tokenSource, "prod", both)).toEqual({
    kind: "value",
    value: "a",
    variable: "LIFEBOAT_PROXMOX_TOKEN",
  });
  const file = { kind: "file", path: "/token", variable: "LIFEBOAT_PROXMOX_TOKEN_FILE" };
  expect(shellCredential(tokenSource, "prod", { ...both, LIFEBOAT_PROXMOX_TOKEN: "" })).toEqual(file);
  expect(shellCredential(tokenSource, "prod", { LIFEBOAT_PROXMOX_TOKEN_FILE: "" })).toBeUndefined();
});

describe("what names an environment", () => {
  const variables = {
    HOME: "/home/a",
    LIFEBOAT_PROXMOX_TOKEN: "general",
    LIFEBOAT_PROXMOX_TOKEN_FILE_PROD: "/prod/token",
    LIFEBOAT_PROXMOX_TOKEN_TEST_LAB: "lab",
    LIFEBOAT_STATE_KEY_FILE: "/key",
    PULUMI_CONFIG_PASSPHRASE: "general",
    PULUMI_CONFIG_PASSPHRASE_FILE_PROD: "/prod/passphrase",
    LIFEBOAT_PROXMOX_ROOT_PASSWORD_TEST_LAB: "root",
  };

  const given = (name: string) => shellCredential(tokenSource, name, variables);

  test("goes before what is for all, and counts for no other environment [N5]", () => {
    expect(given("prod")).toEqual({ kind: "file", path: "/prod/token", variable: "LIFEBOAT_PROXMOX_TOKEN_FILE_PROD" });
    expect(given("test-lab")).toEqual({ kind: "value", value: "lab", variable: "LIFEBOAT_PROXMOX_TOKEN_TEST_LAB" });
    expect(given("monitoring")).toEqual({ kind: "value", value: "general", variable: "LIFEBOAT_PROXMOX_TOKEN" });
  });

  test("is all that a program gets which works on that environment [N5, N6]", () => {
    expect(ownVariables("prod", variables)).toEqual({
      HOME: "/home/a",
      LIFEBOAT_PROXMOX_TOKEN_FILE: "/prod/token",
      LIFEBOAT_STATE_KEY_FILE: "/key",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/prod/passphrase",
    });
    expect(ownVariables("monitoring", variables)).toEqual({
      HOME: "/home/a",
      LIFEBOAT_PROXMOX_TOKEN: "general",
      LIFEBOAT_STATE_KEY_FILE: "/key",
      PULUMI_CONFIG_PASSPHRASE: "general",
    });
  });

  test("of an environment whose name is a part of the general ones is no general one [N5]", () => {
    const general = { LIFEBOAT_PROXMOX_TOKEN_FILE: "/token" };
    const file = { ...general, LIFEBOAT_PROXMOX_TOKEN_FILE_FILE: "/file/token" };
    expect(shellCredential(tokenSource, "file", file)).toMatchObject({ path: "/file/token" });
    expect(shellCredential(tokenSource, "prod", file)).toMatchObject({ path: "/token" });
    expect(shellCredential(tokenSource, "file", general)).toMatchObject({ path: "/token" });
  });

  describe.each(secretSources)("of $variable", (source) => {
    const { variable, fileVariable } = source;

    test("is a file after FILE, whatever environments are called [N5]", () => {
      const variables = { [`${fileVariable}_PROD`]: "/prod" };
      expect(shellCredential(source, "prod", variables)).toMatchObject({ kind: "file", path: "/prod" });
      expect(shellCredential(source, "file-prod", variables)).toBeUndefined();
      expect(ownVariables("file-prod", variables)).toEqual({});
    });

    test("has its secret hidden, also where the environment's name ends like a file's variable [N5, B2]", () => {
      const redactor = new Redactor();
      rememberVariables(redactor, { [`${variable}_MY_FILE`]: "not-a-secret-2" });
      expect(redactor.redact("no answer for not-a-secret-2")).toBe("no answer for [secret]");
    });

    test.each(["a-b", "a_b", "A.B"])("names a.b and %s by one variable: told where it is set [N5]", (other) => {
      const all = ["a.b", "c", other];
      for (const name of [`${variable}_A_B`, `${fileVariable}_A_B`]) {
        expect(sharedVariable("a.b", all, { [name]: "x" })).toEqual({ variable: name, others: [other] });
        expect(sharedVariable("c", all, { [name]: "x" })).toBeUndefined();
        expect(sharedVariable("a.b", ["a.b", "c"], { [name]: "x" })).toBeUndefined();
      }
      expect(sharedVariable("a.b", all, { [variable]: "x", [`${variable}_A_B`]: "" })).toBeUndefined();
    });
  });
});
