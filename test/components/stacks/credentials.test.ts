import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readToken, requireOwnProviders } from "../../../stacks/credentials";
import { environmentOf, exampleSettings } from "../../support/example-environment";

const direct = "LIFEBOAT_PROXMOX_TOKEN";
const fromFile = "LIFEBOAT_PROXMOX_TOKEN_FILE";
const token = (secret: string) => `lifeboat@pve!deploy=${secret}`;
const environment = environmentOf({ ...exampleSettings(), proxmoxToken: token("not-a-secret-3") });

let folder = "";
let saved: Record<string, string | undefined> = {};

beforeEach(() => {
  saved = { [direct]: process.env[direct], [fromFile]: process.env[fromFile] };
  folder = mkdtempSync(join(tmpdir(), "lifeboat-credentials-"));
  writeFileSync(join(folder, "token"), `${token("not-a-secret-2")}\n`);
  process.env[direct] = token("not-a-secret-1");
  process.env[fromFile] = join(folder, "token");
});

afterEach(() => {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(folder, { recursive: true });
});

test("the token comes from the variable, then from the file, then from the settings", () => {
  expect(readToken(environment)).toBe(token("not-a-secret-1"));
  delete process.env[direct];
  expect(readToken(environment)).toBe(token("not-a-secret-2"));
  delete process.env[fromFile];
  expect(readToken(environment)).toBe(token("not-a-secret-3"));
});

test("without any, the message names the three ways to give one", () => {
  delete process.env[direct];
  delete process.env[fromFile];
  expect(() => readToken(environmentOf(exampleSettings()))).toThrow(
    /no API token\nHINT: set LIFEBOAT_PROXMOX_TOKEN or LIFEBOAT_PROXMOX_TOKEN_FILE, or run `eval "\$\(lifeboat env prod\)" && pulumi config set --secret/,
  );
});

test("a file that is missing or empty is an error, never a silent step to the next source", () => {
  delete process.env[direct];
  writeFileSync(join(folder, "token"), "\n");
  expect(() => readToken(environment)).toThrow(/is empty/);
  process.env[fromFile] = join(folder, "nowhere");
  expect(() => readToken(environment)).toThrow(/Unable to read the file that LIFEBOAT_PROXMOX_TOKEN_FILE names/);
});

test("what is not a token's form is refused without being shown", () => {
  process.env[direct] = "not-a-secret-4";
  expect(() => readToken(environment)).toThrow(/is not USER@REALM!TOKENID=SECRET/);
  expect(() => readToken(environment)).not.toThrow(/not-a-secret/);
});

test("a variable by which a provider verifies nobody, or signs in as somebody else, ends the program [N4, N5]", () => {
  expect(() => requireOwnProviders(environment)).not.toThrow();
  const ours = ["PROXMOX_VE_INSECURE", "PM_VE_INSECURE", "MINIO_INSECURE", "PROXMOX_VE_API_TOKEN", "PM_VE_AUTH_TICKET"];
  for (const name of ours) {
    try {
      process.env[name] = "1";
      expect(() => requireOwnProviders(environment)).toThrow(
        `Unable to configure the providers of prod: ${name} is a variable by which they verify nobody, or sign in as somebody else\nHINT: unset ${name}; lifeboat env prod empties it too`,
      );
      process.env[name] = "";
      expect(() => requireOwnProviders(environment)).not.toThrow();
    } finally {
      delete process.env[name];
    }
  }
});
