import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectFolder } from "./support/commands";
import { toolchainProgram } from "./support/toolchain";

// What `docs/reference/security.md` has people type for a passphrase that was stolen, with the real pulumi.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-passphrase-"));
const at = (...names: string[]): string => join(folder, ...names);
const environment = {
  ...process.env,
  PATH: `${dirname(toolchainProgram("pulumi"))}:${process.env["PATH"] ?? ""}`,
  PULUMI_HOME: at("home"),
  PULUMI_BACKEND_URL: `file://${at("states")}`,
  PULUMI_SKIP_UPDATE_CHECK: "1",
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function shell(passphrase: "old" | "new", command: string): { readonly code: number | null; readonly said: string } {
  const env = { ...environment, PULUMI_CONFIG_PASSPHRASE_FILE: at(passphrase) };
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: at("project"), env, encoding: "utf8" });
  return { code: status, said: stdout + stderr };
}

const salt = (text: string): string => /"salt":\s*"([^"]+)"/u.exec(text)?.[1] ?? "";

test("another passphrase opens settings and state; what was written before keeps the former one [N5, E2]", () => {
  for (const name of ["home", "states", "project"]) mkdirSync(at(name));
  writeFileSync(at("old"), "former\n");
  writeFileSync(at("new"), "another\n");
  writeFileSync(at("project", "Pulumi.yaml"), "name: shop\nruntime: yaml\n");
  const settings = at("project", "Pulumi.prod.yaml");
  const look = "pulumi config get lifeboat:proxmoxToken -s prod";
  const looks = (passphrase: "old" | "new") => shell(passphrase, look);
  expect(shell("old", "pulumi stack init prod --non-interactive").code).toBe(0);
  expect(shell("old", "echo swordfish | pulumi config set --secret -s prod lifeboat:proxmoxToken").code).toBe(0);
  const state = at("states", ".pulumi/stacks/shop/prod.json");
  copyFileSync(settings, at("settings-before"));
  const before = readFileSync(state, "utf8");

  const page = readFileSync(join(projectFolder, "docs/reference/security.md"), "utf8");
  const command = /^cat new new \| (.*)$/mu.exec(page)?.[0] ?? "";
  expect(command).toContain("change-secrets-provider");
  expect(shell("old", command.replace("cat new new", `cat ${at("new")} ${at("new")}`))).toMatchObject({ code: 0 });

  expect(looks("new")).toEqual({ code: 0, said: "swordfish\n" });
  expect(looks("old")).toMatchObject({ said: expect.stringContaining("incorrect passphrase") });
  const after = readFileSync(state, "utf8");
  expect([salt(before) === "", salt(after) === salt(before)]).toEqual([false, false]);
  // Git and versions in buckets still have these.
  copyFileSync(at("settings-before"), settings);
  expect(looks("old")).toEqual({ code: 0, said: "swordfish\n" });
  expect(execFileSync("grep", ["-c", "salt", `${state}.bak`], { encoding: "utf8" })).not.toBe("0\n");
});
