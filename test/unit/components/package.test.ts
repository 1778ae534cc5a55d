import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { parse } from "yaml";
import { backupJobSchema } from "../../../components/backups/backup-job-inputs";
import { containerSchema } from "../../../site/arguments/container";
import {
  commandBackupSchema,
  filesBackupSchema,
  mariadbBackupSchema,
  postgresBackupSchema,
} from "../../../site/arguments/data";
import { restoreFlowSchema } from "../../../site/arguments/restore-flow";
import { virtualMachineSchema } from "../../../site/arguments/virtual-machine";
import { storageSchemas } from "../../../site/settings/backup-schema";
import { shapeOf } from "../../../site/settings/shape";
import type { Schema } from "../../../site/settings/schema-tools";
import { installOwnProgram, packProject } from "../../support/own-program";

const project = resolve(__dirname, "../../..");
const names = [
  "BackupJob",
  "BackupStorage",
  "CommandBackup",
  "Container",
  "FilesBackup",
  "MariaDbBackup",
  "PostgresBackup",
  "RestoreFlow",
  "VirtualMachine",
];
const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));

/** What Pulumi reads out of the sources for programs in other languages. */
function analyze() {
  return new Analyzer(join(project, "components"), "lifeboat", manifest, new Set(names)).analyze();
}

function keysOf(schema: Schema<unknown>): string[] {
  const shape = shapeOf(schema);
  return shape.kind === "mapping" ? [...shape.keys.keys()] : [];
}

describe("the components as a package of Pulumi", () => {
  const { components, typeDefinitions } = analyze();

  test("can be described in full to programs in any language, and Pulumi finds them where it looks", () => {
    expect(Object.keys(components).sort()).toEqual(names);
    expect(Object.keys(components["Container"]?.outputs ?? {})).toEqual(["vmId", "macAddress"]);
    expect(parse(readFileSync(join(project, "PulumiPlugin.yaml"), "utf8"))).toEqual({ runtime: "nodejs" });
    expect(manifest.main).toBe("components/index.ts");
    expect(existsSync(join(project, manifest.main))).toBe(true);
  });

  test("explain every argument, with an example", () => {
    const inside = Object.values(typeDefinitions).map(({ name, properties = {} }) => [name, properties] as const);
    const own = Object.values(components).map(({ name, inputs }) => [name, inputs] as const);
    const unexplained = [...own, ...inside].flatMap(([name, members]) =>
      Object.entries(members)
        .filter(([, { description = "" }]) => !/Example:\s`/u.test(description))
        .map(([key]) => `${name}.${key}`),
    );
    expect(unexplained).toEqual([]);
  });

  test("take what the settings have, and nothing else", () => {
    const schemas = {
      Container: [containerSchema],
      VirtualMachine: [virtualMachineSchema],
      BackupJob: [backupJobSchema],
      BackupStorage: Object.values(storageSchemas),
      RestoreFlow: [restoreFlowSchema],
      PostgresBackup: [postgresBackupSchema],
      MariaDbBackup: [mariadbBackupSchema],
      FilesBackup: [filesBackupSchema],
      CommandBackup: [commandBackupSchema],
    };
    for (const [name, taken] of Object.entries(schemas)) {
      const keys = new Set(taken.flatMap((schema) => keysOf(schema)));
      // The name of the component is checked with its arguments, and is none of them.
      keys.delete("name");
      expect([name, Object.keys(components[name]?.inputs ?? {}).sort()]).toEqual([name, [...keys].sort()]);
    }
  });
});

describe("what npm packs", () => {
  const parent = mkdtempSync(join(tmpdir(), "lifeboat-package-"));
  const program = join(parent, "program");
  let packed = "";

  beforeAll(() => {
    packed = packProject(parent);
    installOwnProgram(program, packed);
  });

  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test("is the command, the components and what they need: no source, no test, no settings", () => {
    const files = execFileSync("tar", ["-tzf", packed], { encoding: "utf8" }).trim().split("\n");
    const kinds = files.map((file) =>
      file.replace(/^package\/dist\/package\/(components|site|proxmox)\/.*\.(js|d\.ts)$/u, "$1"),
    );
    const others = [...new Set(kinds)].filter((file) => file !== "package/dist/lifeboat.cjs").sort();
    expect(others).toEqual([
      "components",
      "package/LICENSE",
      "package/README.md",
      // npm packs whatever `main` names, which is for Pulumi in a clone: programs that import get `exports`.
      "package/components/index.ts",
      "package/package.json",
      "proxmox",
      "site",
    ]);
  });

  test("is imported by plain Node, and has the components", () => {
    const script = "process.stdout.write(Object.keys(require('lifeboat/components')).sort().join())";
    expect(execFileSync(process.execPath, ["-e", script], { cwd: program, encoding: "utf8" })).toBe(names.join());
  });

  test("has types, with which the example's program compiles", () => {
    const compiler = join(project, "node_modules", "typescript7", "bin", "tsc");
    execFileSync(process.execPath, [compiler, "-p", program], { encoding: "utf8" });
  });
});
