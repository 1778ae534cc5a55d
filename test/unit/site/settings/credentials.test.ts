import {
  backupUserPattern,
  ownVariables,
  parseToken,
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
    const file = { LIFEBOAT_PROXMOX_TOKEN_FILE: "/token", LIFEBOAT_PROXMOX_TOKEN_FILE_FILE: "/file/token" };
    expect(shellCredential(tokenSource, "file", file)).toMatchObject({ path: "/file/token" });
    expect(shellCredential(tokenSource, "prod", file)).toMatchObject({ path: "/token" });
    const { LIFEBOAT_PROXMOX_TOKEN_FILE: general } = file;
    expect(shellCredential(tokenSource, "file", { LIFEBOAT_PROXMOX_TOKEN_FILE: general })).toMatchObject({
      path: "/token",
    });
  });
});
