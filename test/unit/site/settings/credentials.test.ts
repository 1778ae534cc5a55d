import { parseToken, shellCredential, tokenSource } from "../../../../site/settings/credentials";

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

test("the variable goes before the file that another names; what is empty is not given", () => {
  const both = { LIFEBOAT_PROXMOX_TOKEN: " a ", LIFEBOAT_PROXMOX_TOKEN_FILE: "/token" };
  expect(shellCredential(tokenSource, both)).toEqual({ kind: "value", value: "a", variable: "LIFEBOAT_PROXMOX_TOKEN" });
  const file = { kind: "file", path: "/token", variable: "LIFEBOAT_PROXMOX_TOKEN_FILE" };
  expect(shellCredential(tokenSource, { ...both, LIFEBOAT_PROXMOX_TOKEN: "" })).toEqual(file);
  expect(shellCredential(tokenSource, { LIFEBOAT_PROXMOX_TOKEN_FILE: "" })).toBeUndefined();
});
