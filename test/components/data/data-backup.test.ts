import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { isRemovalCommand, removalCommand } from "../../../site/data/entrance";
import { installReport, removeReport } from "../../../components/data/report/files";
import { installDumpCopies, removeDumpCopies } from "../../../components/offsite/dump-copies-files";
import { dataComponents, dataCommandType as type } from "../../../site/data/resource-names";
import type { Environment } from "../../../site/settings/environment";
import { prepareData } from "../../../stacks/data";
import { shellcheck } from "../../support/debian-program";
import { environmentOf, exampleContainer, exampleSettings } from "../../support/example-environment";
import { offsiteKeys, offsiteSettings } from "../../support/example-offsite";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-"));
const identity = join(folder, "identity");
const agent = process.env["SSH_AUTH_SOCK"];

beforeAll(() => {
  writeFileSync(identity, "in place of a PRIVATE KEY");
  delete process.env["SSH_AUTH_SOCK"];
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  if (agent !== undefined) process.env["SSH_AUTH_SOCK"] = agent;
});

const mocks = { [type]: () => ({}) };
const hostKey = "ssh-ed25519 AAAAguest";
const password = `p'a"s$s\\w;o r:d%é@/`;
const names = [`a"b'c;d $x`];

/** A site with one guest over SSH, and an adopted one that its node leads to. */
function site(other: Readonly<Record<string, unknown>> = {}, top: object = {}): Environment {
  const source = { kind: "postgres", databases: names, ...other };
  return environmentOf({
    ...exampleSettings(),
    proxmox: { ...exampleSettings().proxmox, ssh: { user: "root" } },
    ssh: { identity },
    guests: { web: { ...exampleContainer(), data: { shop: source } }, old: { adopt: 140, data: { crm: source } } },
    dataSecrets: { web: { shop: { password } }, old: { crm: { password: "other" } } },
    ...top,
  });
}

function offsite(other: Readonly<Record<string, unknown>> = {}) {
  return { offsite: offsiteSettings(other).offsite };
}

function declare(environment = site(), watchers: readonly string[] = []) {
  return runProgram(mocks, async () => {
    const login = { user: "admin", hostKey: "ssh-ed25519 AAAAnode" };
    const nodes = (node: string) =>
      Promise.resolve({
        place: { address: `${node}.example.com`, port: 2222, login },
        into: ({ id }: { readonly id: number }) => ({ kind: "node" as const, user: "admin", id }),
      });
    const declareData = await prepareData(environment, { hostKeyOf: () => pulumi.output(hostKey), nodes, watchers });
    const declared = { vmId: pulumi.output(101), macAddress: pulumi.output("BC:24:11:00:00:01") };
    return declareData(new Map([["web", declared]]));
  });
}

/** The script that a source is installed by. */
async function scriptOf(name: string, environment?: Environment, watchers?: readonly string[]): Promise<string> {
  const { registrations } = await declare(environment, watchers);
  const install = registrations.find((one) => one.type === type && one.name === `${name}-install`);
  const stdin = install?.inputs["stdin"];
  if (typeof stdin === "object" && stdin !== null && "secret" in stdin && typeof stdin.secret === "string")
    return stdin.secret;
  throw new Error(`${name} has no script that is a secret`);
}

test("a source is a component of its kind, installed by a script on standard input of the pinned guest [I1]", async () => {
  const { registrations, result } = await declare();
  const components = registrations.filter((one) => one.type === dataComponents.postgres);
  expect(components.map(({ name }) => name).sort()).toEqual(["old/crm", "web/shop"]);
  const install = registrations.find(({ name }) => name === "web/shop-install");
  expect(install).toMatchObject({ type, parent: "web/shop", deleteBeforeReplace: true });
  expect(install?.inputs).toMatchObject({
    create: "sh -s",
    delete: removalCommand("shop", { kind: "ssh", user: "root" }),
    connection: { secret: expect.objectContaining({ host: "192.0.2.101", hostKey }) },
  });
  // Another host key tells that the guest was made anew; a replacement would log in by the old one, to remove what was there.
  expect(install?.inputs["triggers"]).toBeUndefined();
  expect(await valueOf(pulumi.output(result["dataSchedules"]))).toEqual({ "web/shop": "03:00", "old/crm": "03:00" });
});

test("no password is in a command, in plain state or in what it prints [I1]", async () => {
  const { registrations } = await declare();
  const { inputs, secretOutputs } = find(
    registrations.filter(({ name }) => name === "web/shop-install"),
    type,
  );
  const { stdin: _stdin, ...others } = inputs;
  expect(JSON.stringify(others)).not.toContain("w;o r");
  expect(secretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr", "connection"]));
  expect(await scriptOf("web/shop")).toContain(`\n${password}\n`);
});

test("a guest without a login is reached by its node, as the user and by the key of the node [I1]", async () => {
  const { registrations } = await declare();
  const install = registrations.find(({ name }) => name === "old/crm-install");
  expect(install?.inputs["create"]).toMatch(
    /^if sudo -n pct status 140 .*sudo -n pct exec 140 -- sh -s; else .*qm guest exec 140 --pass-stdin 1/u,
  );
  expect(install?.inputs["connection"]).toEqual({
    secret: expect.objectContaining({ host: "pve-prod.example.com", port: 2222, hostKey: "ssh-ed25519 AAAAnode" }),
  });
});

test("a source without its password is refused before anything is declared, and lifeboat up makes it [I1]", async () => {
  const environment = { ...site(), dataSecrets: {} };
  await expect(declare(environment)).rejects.toThrow(
    "lifeboat:dataSecrets has no password for shop\nHINT: lifeboat up prod",
  );
});

test("what is removed with a source is its timer and its secrets: no dump, no database, no program of others [I9]", () => {
  const text = removalCommand("shop", { kind: "ssh", user: "root" });
  expect(text).toBe(
    `printf %s '[ ! -x /usr/local/lib/lifeboat/data/lifeboat-data-pitr ] || [ ! -f /etc/lifeboat/data/shop/pitr/settings ] || /usr/local/lib/lifeboat/data/lifeboat-data-pitr remove shop
systemctl disable --now lifeboat-pitr-shop-full.timer lifeboat-pitr-shop-diff.timer 2>/dev/null || :
rm -f /etc/systemd/system/lifeboat-pitr-shop-full.service /etc/systemd/system/lifeboat-pitr-shop-full.timer /etc/systemd/system/lifeboat-pitr-shop-diff.service /etc/systemd/system/lifeboat-pitr-shop-diff.timer
systemctl disable --now lifeboat-data-shop.timer 2>/dev/null || :
rm -rf /etc/lifeboat/data/shop /etc/systemd/system/lifeboat-data-shop.service /etc/systemd/system/lifeboat-data-shop.timer
rm -f /etc/systemd/system/lifeboat-data-shop.service.d/offsite.conf
rmdir /etc/systemd/system/lifeboat-data-shop.service.d 2>/dev/null || :
if ! ls /etc/lifeboat/data/*/settings >/dev/null 2>&1; then
systemctl disable --now lifeboat-offsite.timer 2>/dev/null || :
rm -rf /etc/lifeboat/offsite /etc/systemd/system/lifeboat-offsite.service /etc/systemd/system/lifeboat-offsite.timer
fi
rm -f /etc/systemd/system/lifeboat-data-shop.service.d/report.conf
rmdir /etc/systemd/system/lifeboat-data-shop.service.d 2>/dev/null || :
if ! ls /etc/lifeboat/data/*/settings >/dev/null 2>&1; then
systemctl disable --now lifeboat-report-answer.socket lifeboat-report.timer 2>/dev/null || :
rm -rf /usr/local/lib/lifeboat-report /run/lifeboat-report/report.json /etc/systemd/system/lifeboat-report.service /etc/systemd/system/lifeboat-report.timer /etc/systemd/system/lifeboat-report-answer.socket /etc/systemd/system/lifeboat-report-answer@.service
rm -f /etc/systemd/system/lifeboat-offsite.service.d/report.conf
rmdir /etc/systemd/system/lifeboat-offsite.service.d 2>/dev/null || :
userdel lifeboat-report 2>/dev/null || :
fi
systemctl daemon-reload
' | (sh -s)`,
  );
});

test.each([
  ["ssh", removalCommand("shop", { kind: "ssh", user: "root" }), true],
  ["ssh with sudo", removalCommand("shop-db", { kind: "ssh", user: "admin" }), true],
  ["a node", removalCommand("shop", { kind: "node", user: "root", id: 140 }), true],
  ["another text", "rm -rf /", false],
  ["a text behind it", `${removalCommand("shop", { kind: "ssh", user: "root" })}; reboot`, false],
  [
    "another source inside",
    removalCommand("shop", { kind: "ssh", user: "root" }).replace("data-shop.timer ", "data-x.timer "),
    false,
  ],
  ["a source that is a command", removalCommand("shop $(reboot)", { kind: "ssh", user: "root" }), false],
])("a state's removal through %s counts as the program's own: only what is one [I9, N3]", (_what, text, isOwn) => {
  expect(isRemovalCommand(text)).toBe(isOwn);
});

test("the exporter may ask for a report where something watches; otherwise the port is closed [C2, I2]", async () => {
  const watched = await scriptOf("web/shop", site(), ["192.0.2.131"]);
  expect(watched).toContain(installReport("shop", { watchers: ["192.0.2.131"] }));
  const alone = await scriptOf("web/shop");
  expect(alone).toContain(removeReport("shop"));
  expect(alone).not.toContain("lifeboat-report/allowed");
});

test("dumps are copied by the same installation where a bucket elsewhere is declared, by the key that removes nothing [J2]", async () => {
  const keys = offsiteKeys();
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, "in place of a certificate\n");
  const environment = site({}, { ...offsite({ ca }), offsiteKeys: keys });
  const { offsite: declared } = environment;
  if (declared === undefined) throw new Error("it was declared");
  for (const [guest, source] of [
    ["web", "shop"],
    ["old", "crm"],
  ] as const) {
    const script = await scriptOf(`${guest}/${source}`, environment);
    const authority = "in place of a certificate\n";
    const { writer } = keys;
    const copied = { environment: "prod", guest, sources: [source], offsite: declared, writer, authority };
    expect(script.endsWith(installDumpCopies(copied))).toBe(true);
    expect(script).toContain(keys.writer.secretKey);
    for (const { secretKey } of [keys.admin, keys.reader]) expect(script).not.toContain(secretKey);
  }
  const { registrations } = await declare(environment);
  const { stdin: _stdin, ...others } = registrations.find(({ name }) => name === "web/shop-install")?.inputs ?? {};
  expect(others).toHaveProperty("delete");
  expect(JSON.stringify(others)).not.toContain(keys.writer.secretKey);
});

test.each([
  ["no bucket elsewhere is declared", {}],
  ["dumps are not among what is copied", { ...offsite({ copies: { dumps: false } }), offsiteKeys: offsiteKeys() }],
])("copies that were set up before end, and their key goes, where %s [J2, N6]", async (_what, top) => {
  const script = await scriptOf("web/shop", site({}, top));
  expect(script.endsWith(removeDumpCopies(["shop"]))).toBe(true);
  expect(script).not.toContain("rclone");
});

test("copies without their keys are refused before anything is declared: they are never silently none [J2]", async () => {
  await expect(declare(site({}, offsite()))).rejects.toThrow(
    "Unable to declare the offsite copies of prod: it has lifeboat:offsite, and the secret lifeboat:offsiteKeys is not set\nHINT: ",
  );
});

test("a source that is turned off keeps its program, and its timer stops [I1]", async () => {
  expect(await scriptOf("web/shop")).toContain(
    "systemctl enable lifeboat-data-shop.timer\nsystemctl restart lifeboat-data-shop.timer",
  );
  const off = await scriptOf("web/shop", site({ enabled: false }));
  expect(off).toContain("systemctl disable --now lifeboat-data-shop.timer");
  expect(off).not.toContain("systemctl enable");
});

const linter = shellcheck();

(linter === undefined ? describe.skip : describe)("shellcheck", () => {
  test("takes the installation and the removal [I1]", async () => {
    const removal = removalCommand("shop", { kind: "node", user: "admin", id: 140 });
    const copying = site({}, { ...offsite(), offsiteKeys: offsiteKeys() });
    for (const input of [await scriptOf("web/shop"), await scriptOf("web/shop", copying), removal]) {
      const { stdout } = spawnSync(linter ?? "", ["--shell=sh", "--format=gcc", "-"], { input, encoding: "utf8" });
      expect(stdout).toBe("");
    }
  });
});
