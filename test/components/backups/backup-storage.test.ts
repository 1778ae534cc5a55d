import type { DirectoryArgs } from "@muhlba91/pulumi-proxmoxve/storage/directory";
import { BackupStorage, type BackupStorageArgs } from "../../../components/backups/backup-storage";
import { environmentOf, exampleSettings } from "../../support/example-environment";
import { runProgram, secretInput, valueOf } from "../../support/pulumi-mocks";

const mocks = {
  "proxmoxve:storage/directory:Directory": () => ({}),
  "proxmoxve:storage/nfs:Nfs": () => ({}),
  "proxmoxve:storage/pbs:Pbs": () => ({}),
};

async function declare(storage: Readonly<Record<string, unknown>>, transform: BackupStorageArgs["transform"] = {}) {
  const { backup } = environmentOf({ ...exampleSettings(), backup: { storage: { id: "backup", ...storage } } });
  const args = { storage: backup.storage, transform };
  const { result, registrations } = await runProgram(mocks, () => new BackupStorage("backup", args));
  const [component, child, ...others] = registrations;
  expect(component).toMatchObject({ type: "lifeboat:backups:BackupStorage", name: "backup", parent: undefined });
  expect(others).toEqual([]);
  return { result, child };
}

function withBasePath(inputs: DirectoryArgs): DirectoryArgs {
  return { ...inputs, createBasePath: true };
}

describe("BackupStorage", () => {
  test("a directory is for backups, and not shared unless the settings say so (trap: the provider says shared) [A5]", async () => {
    const { child, result } = await declare({ type: "dir", path: "/mnt/backup/" });
    expect(child).toMatchObject({ name: "backup-storage", parent: "backup", deleteBeforeReplace: true });
    expect(child?.inputs).toEqual({
      resourceId: "backup",
      path: "/mnt/backup",
      contents: ["backup"],
      shared: false,
    });
    expect(await valueOf(result.storageId)).toBe("backup");
  });

  test("a shared directory of some nodes [A5]", async () => {
    const { child } = await declare({ type: "dir", path: "/mnt/nas", shared: true, nodes: ["pve1", "pve2"] });
    expect(child?.inputs).toMatchObject({ shared: true, nodes: ["pve1", "pve2"] });
  });

  test("an NFS export [A5]", async () => {
    const { child } = await declare({ type: "nfs", server: "192.0.2.20", export: "/volume1/pve", options: "vers=4.2" });
    expect(child).toMatchObject({ type: "proxmoxve:storage/nfs:Nfs", parent: "backup" });
    expect(child?.inputs).toEqual({
      resourceId: "backup",
      server: "192.0.2.20",
      export: "/volume1/pve",
      contents: ["backup"],
      options: "vers=4.2",
    });
  });

  test("a backup server, whose password is a secret from the start [A5]", async () => {
    const { child } = await declare({
      type: "pbs",
      server: "pbs.example.com",
      datastore: "main",
      username: "lifeboat@pbs",
      password: "not-a-secret-1",
    });
    expect(child?.inputs).toEqual({
      resourceId: "backup",
      server: "pbs.example.com",
      datastore: "main",
      username: "lifeboat@pbs",
      contents: ["backup"],
      password: secretInput("not-a-secret-1"),
    });
  });

  test("an adopted storage is named and nothing more [A5]", async () => {
    const { child, result } = await declare({ adopt: true });
    expect(child).toBeUndefined();
    expect(await valueOf(result.storageId)).toBe("backup");
  });

  test("lets a transform have the last word", async () => {
    const { child } = await declare({ type: "dir", path: "/mnt/backup" }, { directory: withBasePath });
    expect(child?.inputs).toMatchObject({ createBasePath: true });
  });
});
