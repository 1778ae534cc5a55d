import * as pulumi from "@pulumi/pulumi";
import { VirtualMachine, type VirtualMachineArgs } from "../../../components/guests/virtual-machine";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const machineType = "proxmoxve:index/vmLegacy:VmLegacy";
const mocks = { [machineType]: () => ({}) };
const optOut = { exclude: "a cache", owner: "ops", until: "2035-12-31" };
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com";

const example: VirtualMachineArgs = {
  id: 150,
  node: "pve-prod",
  disks: {
    scsi10: { storage: "data", size: "4GiB", format: "qcow2", backup: optOut },
    scsi0: { storage: "local", size: "32GiB", image: "local:import/debian-12.qcow2" },
  },
  network: { bridge: "vmbr0", address: "192.0.2.150/24", gateway: "192.0.2.1" },
  cloudInit: { storage: "local", user: "ops", sshKeys: [key], nameservers: ["192.0.2.1"] },
};

async function declare(other: Partial<VirtualMachineArgs> = {}, opts: pulumi.ComponentResourceOptions = {}) {
  const program = await runProgram(mocks, () => new VirtualMachine("db", { ...example, ...other }, opts));
  return { ...program, child: find(program.registrations, machineType) };
}

function onAnotherNode({ type, props, opts }: pulumi.ResourceTransformationArgs) {
  return type === machineType ? { props: { ...props, nodeName: "pve2" }, opts } : undefined;
}

describe("VirtualMachine", () => {
  test("registers one component and one child of it, protected, and outputs the id [A2]", async () => {
    const { registrations, child, result } = await declare();
    expect(registrations.map(({ type, name, parent }) => [type, name, parent])).toEqual([
      ["lifeboat:guests:VirtualMachine", "db", undefined],
      [machineType, "db-machine", "db"],
    ]);
    expect(child).toMatchObject({ protect: true, deleteBeforeReplace: true });
    expect(await valueOf(result.vmId)).toBe(150);
    expect((await declare({ protect: false })).child.protect).toBe(false);
  });

  test("gives the provider exactly these inputs, every disk with its flag [A2]", async () => {
    expect((await declare()).child.inputs).toEqual({
      nodeName: "pve-prod",
      vmId: 150,
      name: "db",
      description: "lifeboat: prod/db",
      tags: ["lifeboat"],
      operatingSystem: { type: "l26" },
      bios: "seabios",
      scsiHardware: "virtio-scsi-single",
      cpu: { cores: 1, type: "x86-64-v2-AES" },
      memory: { dedicated: 1024 },
      agent: { enabled: false },
      disks: [
        {
          interface: "scsi0",
          datastoreId: "local",
          size: 32,
          fileFormat: "raw",
          backup: true,
          importFrom: "local:import/debian-12.qcow2",
        },
        { interface: "scsi10", datastoreId: "data", size: 4, fileFormat: "qcow2", backup: false },
      ],
      cdrom: { fileId: "none", interface: "ide3" },
      networkDevices: [{ bridge: "vmbr0", firewall: false }],
      initialization: {
        datastoreId: "local",
        interface: "ide2",
        ipConfigs: [{ ipv4: { address: "192.0.2.150/24", gateway: "192.0.2.1" } }],
        userAccount: { username: "ops", keys: [key] },
        dns: { servers: ["192.0.2.1"] },
      },
      onBoot: true,
      started: true,
      protection: false,
      rebootAfterUpdate: false,
      stopOnDestroy: true,
      purgeOnDestroy: false,
      deleteUnreferencedDisksOnDestroy: false,
      timeoutCreate: 600,
    });
  });

  test("nothing that the provider would do over SSH or by replacing is in its inputs (traps: fileId, *FileId)", async () => {
    const { cdrom: _cdrom, ...inputs } = (await declare()).child.inputs;
    expect(JSON.stringify(inputs)).not.toMatch(/FileId|fileId|"clone"/u);
  });

  test("the CD drive is empty: the node's own one wants Sys.Console (trap: it is the provider's default)", async () => {
    expect((await declare()).child.inputs["cdrom"]).toEqual({ fileId: "none", interface: "ide3" });
  });

  test("a disk's speed, its image and the CD drive are no differences (traps: speed drifts for ever, an image is used once)", async () => {
    expect((await declare()).child.ignoreChanges).toEqual([
      "disks[0].speed",
      "disks[0].importFrom",
      "disks[1].speed",
      "disks[1].importFrom",
      "cdrom",
    ]);
  });

  test("a machine without a disk is refused (trap: the provider makes one up on local-lvm)", async () => {
    await expect(declare({ disks: {} })).rejects.toThrow(pulumi.RunError);
    await expect(declare({ disks: {} })).rejects.toThrow(
      "disks: a virtual machine needs a disk (found an empty mapping; allowed: at least one, such as scsi0)",
    );
  });

  test("deleting one edits no backup job and deletes no disk of an earlier guest (trap: purge deletes a job that has no other guest)", async () => {
    const destroying = { purgeOnDestroy: false, deleteUnreferencedDisksOnDestroy: false };
    expect((await declare()).child.inputs).toMatchObject(destroying);
  });

  test("a transformation of Pulumi has the last word", async () => {
    expect((await declare({}, { transformations: [onAnotherNode] })).child.inputs).toMatchObject({ nodeName: "pve2" });
  });
});
