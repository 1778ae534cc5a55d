import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFile } from "../../../components/install/shell";
import { createKeyPair } from "../../../site/state-store/keys";
import { exporterCredentials, exporterProject, lackingTokens } from "../../../stacks/exporter-project";
import { environmentOf, exampleSettings } from "../../support/example-environment";

const certificate = "-----BEGIN CERTIFICATE-----\nbm90IGEgc2VjcmV0\n-----END CERTIFICATE-----\n";
const key = "-----BEGIN PRIVATE KEY-----\nbm90IGEgc2VjcmV0\n-----END PRIVATE KEY-----\n";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-exporter-project-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: site\n");
});

afterEach(() => rmSync(folder, { recursive: true }));

function settings(environment: string, ca: string): void {
  const config = { "lifeboat:proxmox": { ca }, "lifeboat:apiToken": { secure: "v1:sealed" } };
  writeFileSync(join(folder, `Pulumi.${environment}.yaml`), JSON.stringify({ config }));
}

test("the exporter's project holds settings and certificates of authorities, and nothing sealed [C2, N5]", () => {
  writeFileSync(join(folder, "site-ca.pem"), certificate);
  settings("prod", "site-ca.pem");
  const files = exporterProject(folder);
  expect(Object.keys(files).toSorted()).toEqual(["Pulumi.prod.yaml", "Pulumi.yaml", "site-ca.pem"]);
  expect(files["site-ca.pem"]).toBe(certificate);
  expect(Object.values(files).join("")).not.toContain("v1:sealed");
});

test("of two authorities with one file name both come along [C2]", () => {
  for (const name of ["a", "b"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "ca.pem"), certificate.replace("bm90", name.repeat(4)));
  }
  settings("lab", "a/ca.pem");
  settings("prod", "b/ca.pem");
  expect(Object.values(exporterProject(folder)).filter((text) => text.startsWith("-----BEGIN"))).toHaveLength(2);
});

test("settings that name another file than a certificate take nothing of it along [C2, N5]", () => {
  writeFileSync(join(folder, "key"), key);
  writeFileSync(join(folder, "both.pem"), key + certificate);
  settings("lab", "key");
  settings("prod", "both.pem");
  expect(Object.values(exporterProject(folder)).join("")).not.toContain("PRIVATE KEY");
});

test("the name of an authority's file is no command in the guest [C2]", () => {
  writeFileSync(join(folder, "$(touch injected).pem"), certificate);
  settings("prod", "$(touch injected).pem");
  const lines = Object.entries(exporterProject(folder)).map(([name, text]) => writeFile(`./${name}`, text));
  execFileSync("sh", ["-eu"], { cwd: folder, input: lines.join("\n") });
  expect(existsSync(join(folder, "injected"))).toBe(false);
});

const token = (number: number) => `lifeboat-exporter@pve!site.prod.${String(number)}=not-a-secret`;

test("environments whose token the exporter is not given are named: none at all, or another one [C2, N5]", () => {
  const files = {
    "Pulumi.yaml": "name: site\n",
    "Pulumi.lab.yaml": "config: { lifeboat:profile: lab }\n",
    "Pulumi.prod.yaml": "config: { lifeboat:exporterTokens: [2, 1] }\n",
    "Pulumi.empty.yaml": "",
  };
  expect(lackingTokens("site", files, {})).toEqual(["prod"]);
  expect(lackingTokens("site", files, { prod: token(1) })).toEqual(["prod"]);
  expect(lackingTokens("site", files, { prod: token(2) })).toEqual([]);
});

test("where the state store is declared, too, the key that reads its copies elsewhere goes to the exporter; the key that writes them never [E6, N5]", () => {
  const [offsiteKey, writer] = [createKeyPair("reader"), createKeyPair("writer")];
  const monitoringSecrets = { receivers: {}, tokens: {}, offsiteKey };
  const without = { ...environmentOf(exampleSettings()), monitoringSecrets, stateStoreOffsiteKey: writer };
  expect(exporterCredentials(without)).toEqual({});
  const service = { endpoint: "https://s3.example.com" };
  const { stateStore } = environmentOf({ ...exampleSettings(), stateStore: { service, expire: "30d" } });
  const given = exporterCredentials({ ...without, stateStore });
  expect(given).toEqual({ [`${without.name}.offsite-key`]: JSON.stringify(offsiteKey) });
});
