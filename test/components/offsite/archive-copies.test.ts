import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { archiveCopiesScript } from "../../../components/offsite/archive-copies-script";
import { archivesRemovalCommand, isArchivesRemoval } from "../../../site/offsite/node-places";
import { archiveCopiesComponent, archiveCopiesType as type } from "../../../site/offsite/resource-names";
import type { Environment } from "../../../site/settings/environment";
import { prepareArchives } from "../../../stacks/archives";
import { shellcheck } from "../../support/debian-program";
import { environmentOf, exampleContainer } from "../../support/example-environment";
import { offsiteKeys, offsiteSettings } from "../../support/example-offsite";
import { runProgram, valueOf } from "../../support/pulumi-mocks";

const linter = shellcheck();
const keys = offsiteKeys();

function site(top: object = { offsiteKeys: keys }): Environment {
  const settings = offsiteSettings({ bandwidth: "4MiB" }, top);
  const guests = {
    web: { ...exampleContainer(), offsite: "newest" },
    old: { adopt: 140, node: "pve-two", offsite: "weekly" },
    plain: { adopt: 141 },
  };
  const proxmox = { ...settings.proxmox, ssh: { user: "root" } };
  return environmentOf({ ...settings, proxmox, guests }, "prod");
}

const login = { user: "admin", hostKey: "ssh-ed25519 AAAAnode" };
const into = () => ({ kind: "node" as const, user: "admin", id: 1 });
const nodes = (node: string) => Promise.resolve({ place: { address: `${node}.example.com`, port: 2222, login }, into });

function declare(environment = site()) {
  return runProgram({ [type]: () => ({}) }, async () => (await prepareArchives(environment, nodes))());
}

function scriptOf(inputs: Readonly<Record<string, unknown>>): string {
  const { stdin } = inputs;
  if (typeof stdin === "object" && stdin !== null && "secret" in stdin && typeof stdin.secret === "string") {
    return stdin.secret;
  }
  throw new Error("there is no script that is a secret");
}

test("each node copies the archives of its chosen guests, and of no other [J2]", async () => {
  const { registrations, result } = await declare();
  const installs = registrations.filter((one) => one.type === type);
  expect(installs.map(({ name, parent }) => [name, parent])).toEqual([
    ["archives-pve-prod-install", "archives-pve-prod"],
    ["archives-pve-two-install", "archives-pve-two"],
  ]);
  expect(registrations.filter((one) => one.type === archiveCopiesComponent)).toHaveLength(2);
  const [first, second] = installs;
  expect(first?.inputs).toMatchObject({
    create: "sudo -n sh -s",
    delete: archivesRemovalCommand("prod", "admin"),
    connection: { secret: expect.objectContaining({ host: "pve-prod.example.com", port: 2222 }) },
  });
  expect(scriptOf(first?.inputs ?? {})).toContain("\nweb 101 newest\nend-of-lifeboat-file\n");
  expect(scriptOf(second?.inputs ?? {})).toContain("\nold 140 weekly\nend-of-lifeboat-file\n");
  expect(scriptOf(first?.inputs ?? {})).toContain("\nfolder=/mnt/backup/dump\n");
  expect(await valueOf(result["archivesElsewhere"] ?? pulumi.output(undefined))).toEqual(["old", "web"]);
});

test("the key that writes is in nothing but the secret script [J2, N6]", async () => {
  const { registrations } = await declare();
  const [install] = registrations.filter((one) => one.type === type);
  const { stdin: _, ...others } = install?.inputs ?? {};
  expect(JSON.stringify(others)).not.toContain(keys.writer.secretKey);
  expect(scriptOf(install?.inputs ?? {})).toContain(keys.writer.secretKey);
  expect(scriptOf(install?.inputs ?? {})).not.toContain(keys.reader.secretKey);
  expect(install?.secretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr"]));
});

test("chosen without the keys of the bucket is an error that says how to give them [J2]", async () => {
  await expect(declare(site({}))).rejects.toThrow(/lifeboat:offsiteKeys is not set\nHINT: /u);
});

test("what is run when they go is theirs by every byte [J2, N1]", () => {
  const text = archivesRemovalCommand("prod", "admin");
  expect(isArchivesRemoval(text)).toBe(true);
  for (const forged of [
    `${text}; reboot`,
    text.replace("rm -rf ", "rm -rf / "),
    text.replaceAll("prod", "p'rod"),
    "",
  ]) {
    expect(isArchivesRemoval(forged)).toBe(false);
  }
});

(linter === undefined ? describe.skip : describe)("the program of nodes", () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-"));

  afterAll(() => rmSync(folder, { recursive: true }));

  test("is what shellcheck takes, and so is what installs it [J2]", async () => {
    const { registrations } = await declare();
    const [install] = registrations.filter((one) => one.type === type);
    for (const text of [archiveCopiesScript, scriptOf(install?.inputs ?? {})]) {
      const file = join(folder, "script");
      writeFileSync(file, text);
      const words = ["--shell=sh", "--severity=style", "--format=gcc", file];
      const { stdout, status } = spawnSync(linter ?? "", words, { encoding: "utf8" });
      expect([stdout, status]).toEqual(["", 0]);
    }
  });
});
