import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { BackupJob } from "../../components/backups/backup-job";
import { BackupStorage } from "../../components/backups/backup-storage";
import { Container, type ContainerArgs } from "../../components/guests/container";
import { VirtualMachine } from "../../components/guests/virtual-machine";
import { exampleContainerArgs } from "../support/example-arguments";
import { find, runProgram, secretInput } from "../support/pulumi-mocks";

const project = resolve(__dirname, "../..");
const containerType = "proxmoxve:index/containerLegacy:ContainerLegacy";
const machineType = "proxmoxve:index/vmLegacy:VmLegacy";
const mocks = {
  [containerType]: () => ({}),
  [machineType]: () => ({}),
  "proxmoxve:backup/job:Job": () => ({}),
  "proxmoxve:storage/pbs:Pbs": () => ({}),
};
/** What Pulumi sends for a value that a preview cannot know. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that comes later. */
function later<T>(value: T) {
  return pulumi.output(new Promise<T>((done) => setImmediate(() => done(value))));
}

/** An output that a preview does not know. */
class Unknown extends pulumi.CustomResource {
  declare readonly value: pulumi.Output<string>;

  constructor(name: string) {
    super("test:index:Unknown", name, { value: undefined });
  }
}

async function declare(other: Partial<ContainerArgs>) {
  const { registrations } = await runProgram(
    mocks,
    () => new Container("web", { ...exampleContainerArgs(), ...other }),
  );
  return find(registrations, containerType).inputs;
}

describe("arguments that are outputs", () => {
  test("give the provider what plain ones give", async () => {
    const plain = await declare({ pool: "prod", sshKeys: ["ssh-ed25519 AAAA you@example.com"] });
    const { network, disks = {}, template } = exampleContainerArgs();
    const outputs = await declare({
      id: later(101),
      node: later("pve-prod"),
      pool: Promise.resolve("prod"),
      template: later(template).apply((id) => id),
      network: pulumi.output(network),
      disks: { ...disks, data: { mount: "/srv", storage: later("local"), size: "20GiB" } },
      sshKeys: [later("ssh-ed25519 AAAA you@example.com")],
    });
    expect(outputs).toEqual(plain);
  });

  test("leave everything else known to a preview that cannot know them", async () => {
    const plain = await declare({});
    const mocksOfPreview = { ...mocks, "test:index:Unknown": () => ({}) };
    const { registrations } = await runProgram(
      mocksOfPreview,
      () => {
        const { value } = new Unknown("source");
        return new Container("web", { ...exampleContainerArgs(), pool: value, sshKeys: [value] });
      },
      { preview: true },
    );
    const { inputs } = find(registrations, containerType);
    expect(inputs).toEqual({ ...plain, poolId: unknown, initialization: unknown });
  });

  test("keep secrets secret", async () => {
    expect(await declare({ description: pulumi.secret("for the team") })).toMatchObject({
      description: secretInput("for the team\n\nlifeboat: prod/web"),
    });
  });

  test("do not keep what is plain from being checked at once, before anything is registered [A6]", async () => {
    const declaring = runProgram(mocks, () => {
      const network = { bridge: later("vmbr0"), address: "192.0.2.101/24", gateway: "198.51.100.1" };
      return new Container("web", { ...exampleContainerArgs(), id: 7, pool: later("prod"), network });
    });
    await expect(declaring).rejects.toThrow(pulumi.RunError);
    await expect(declaring).rejects.toThrow(
      /^Unable to declare container web: 2 problems\n {2}id: .*\n {2}network\.gateway: not in the guest's network/u,
    );
  });

  test("are checked when they have their values, with the sentence that plain ones get, and no secret in it [A6, K1]", () => {
    const words = ["--import", "tsx", "test/support/late-problems.ts"];
    const { stdout } = spawnSync(process.execPath, words, { cwd: project, encoding: "utf8" });
    expect(JSON.parse(stdout)).toEqual({
      told: [
        "Unable to declare container db: 1 problem\n  pool: not a pool's id (found a value that is kept secret; allowed: letters, digits, -, _ and ., such as prod)",
        'Unable to declare container web: 1 problem\n  network.bridge: not a bridge (found "no bridge"; allowed: a bridge of the node, at most 15 characters, such as vmbr0)',
      ],
      registered: ["lifeboat:guests:Container", "lifeboat:guests:Container"],
      declared: 2,
    });
    const plain = { bridge: "no bridge", address: "dhcp" };
    expect(() => new Container("web", { ...exampleContainerArgs(), network: plain, environment: "prod" })).toThrow(
      'Unable to declare container web: 1 problem\n  network.bridge: not a bridge (found "no bridge"; allowed: a bridge of the node, at most 15 characters, such as vmbr0)',
    );
  });

  test("are refused where they decide what is made", async () => {
    const disks = { scsi0: { storage: "local", size: "8GiB" } };
    const machine = { id: 150, node: "pve", network: { bridge: "vmbr0", address: "dhcp" } };
    const made = { ...machine, protect: later(false), disks: later(disks) };
    // Who writes no types can give an output for anything.
    const declaring = () => Reflect.construct(VirtualMachine, ["db", made]);
    await expect(runProgram(mocks, declaring)).rejects.toThrow(
      /2 problems\n {2}disks: .*found an output, whose value comes later.*\n {2}protect: /u,
    );
    const storage = () => Reflect.construct(BackupStorage, ["backup", { id: "backup", type: later("dir") }]);
    await expect(runProgram(mocks, storage)).rejects.toThrow("type: not a type of storage (found an output");
  });

  test("a disk of a machine that holds one is settled like any other", async () => {
    const { registrations } = await runProgram(mocks, () => {
      const disks = { scsi0: { storage: later("local"), size: "8GiB" }, scsi1: { storage: "local", size: "1GiB" } };
      return new VirtualMachine("db", { id: 150, node: "pve", network: { bridge: "vmbr0", address: "dhcp" }, disks });
    });
    const { inputs, ignoreChanges } = find(registrations, machineType);
    expect(ignoreChanges).toEqual([
      "disks[0].speed",
      "disks[0].importFrom",
      "disks[1].speed",
      "disks[1].importFrom",
      "cdrom",
    ]);
    expect(inputs).toMatchObject({ disks: [{ interface: "scsi0", datastoreId: "local" }, { interface: "scsi1" }] });
  });

  test("a password that is an output is a secret all the same [K1]", async () => {
    const { registrations } = await runProgram(mocks, () => {
      const pbs = { id: "backup", type: "pbs", server: "pbs", datastore: "main", username: "a@pbs" };
      const storage = new BackupStorage("backup", { ...pbs, password: later("not-a-secret-1") });
      return new BackupJob("backup", {
        storage: storage.storageId,
        guests: later([101]),
        schedule: "01:00",
        keep: { last: later(3) },
      });
    });
    expect(find(registrations, "proxmoxve:storage/pbs:Pbs").inputs["password"]).toEqual(secretInput("not-a-secret-1"));
    expect(find(registrations, "proxmoxve:backup/job:Job").inputs).toMatchObject({
      storage: "backup",
      vmids: ["101"],
      pruneBackups: { "keep-last": "3" },
    });
  });
});
