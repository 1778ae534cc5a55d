import * as pulumi from "@pulumi/pulumi";
import { BackupStorage, type BackupStorageArgs } from "../../../components/backups/backup-storage";
import { runProgram, secretInput, valueOf } from "../../support/pulumi-mocks";

const mocks = {
  "proxmoxve:storage/directory:Directory": () => ({}),
  "proxmoxve:storage/nfs:Nfs": () => ({}),
  "proxmoxve:storage/pbs:Pbs": () => ({}),
};

async function declare(storage: Partial<BackupStorageArgs>, opts: pulumi.ComponentResourceOptions = {}) {
  const args = { id: "backup", ...storage };
  const { result, registrations } = await runProgram(mocks, () => new BackupStorage("backup", args, opts));
  const [component, child, ...others] = registrations;
  expect(component).toMatchObject({ type: "lifeboat:backups:BackupStorage", name: "backup", parent: undefined });
  expect(others).toEqual([]);
  return { result, child };
}

function withBasePath({ type, props, opts }: pulumi.ResourceTransformationArgs) {
  return type.endsWith(":Directory") ? { props: { ...props, createBasePath: true }, opts } : undefined;
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

  test("a backup server, whose password and key are secrets from the start [A5]", async () => {
    const { child } = await declare({
      encryptionKey: "not-a-secret-2",
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
      encryptionKey: secretInput("not-a-secret-2"),
    });
  });

  test("an adopted storage is named and nothing more [A5]", async () => {
    const { child, result } = await declare({ adopt: true });
    expect(child).toBeUndefined();
    expect(await valueOf(result.storageId)).toBe("backup");
  });

  test("lets a transformation of Pulumi have the last word", async () => {
    const { child } = await declare({ type: "dir", path: "/mnt/backup" }, { transformations: [withBasePath] });
    expect(child?.inputs).toMatchObject({ createBasePath: true });
  });

  test("says what is missing, what does not belong, and never a password, before anything is registered [A6]", async () => {
    const wrong = { type: "pbs", server: "pbs.example.com", path: "/mnt/backup", password: " secret" };
    await expect(declare(wrong)).rejects.toThrow(pulumi.RunError);
    const said = await declare(wrong).catch(String);
    expect(said).toContain("Unable to declare backup storage backup: 4 problems");
    expect(said).toMatch(
      / {2}datastore: missing .*\n {2}password: not a password \(found a value that is kept secret/u,
    );
    expect(said).toMatch(/ {2}path: unknown key .*\n {2}username: missing/u);
    await expect(declare({})).rejects.toThrow("type: missing (found nothing; allowed: dir, nfs or pbs; or adopt: true");
  });
});
