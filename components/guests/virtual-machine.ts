import { VmLegacy } from "@muhlba91/pulumi-proxmoxve/vmLegacy";
import * as pulumi from "@pulumi/pulumi";
import { virtualMachineRules } from "../../site/arguments/virtual-machine";
import { settledDrives } from "../../site/guest-inputs/virtual-machine-inputs";
import { componentKinds } from "../../site/resources";
import { checkArguments } from "../arguments";
import type { GuestArgs, OptOutArgs } from "./guest-args";

/** A virtual machine. */
export interface VirtualMachineArgs extends GuestArgs {
  /**
   * Disks by Proxmox's keys (`scsi0`, `virtio1`, `sata2`), at least one: a disk keeps its key for ever, and the first one is
   * booted from. All are backed up unless they opt out. Example: `{ scsi0: { storage: "local", size: "32GiB" } }`.
   */
  readonly disks: Record<string, MachineDiskArgs>;
  /** Proxmox's model of the CPU. Default: `"x86-64-v2-AES"`. Example: `"host"`. */
  readonly cpu?: pulumi.Input<string | undefined>;
  /** `seabios`, or `ovmf` for UEFI. Default: `"seabios"`. Example: `"ovmf"`. */
  readonly firmware?: pulumi.Input<string | undefined>;
  /** The QEMU guest agent is installed in it: `pulumi up` then waits for it when it starts the guest. Default: false. Example: `true`. */
  readonly agent?: pulumi.Input<boolean | undefined>;
  /** What cloud-init sets up at the first start. Default: nothing does. Example: `{ storage: "local", user: "ops" }`. */
  readonly cloudInit?: pulumi.Input<CloudInitArgs | undefined>;
}

/** A disk of a virtual machine. */
export interface MachineDiskArgs {
  /** Storage of the disk. Example: `"local-lvm"`. */
  readonly storage: pulumi.Input<string>;
  /** Size with its unit: whole GiB, above 1TiB whole TiB. It can grow later, and never shrinks. Example: `"32GiB"`. */
  readonly size: pulumi.Input<string>;
  /** `raw` works on every storage; `qcow2` makes snapshots possible on a folder. Default: `"raw"`. Example: `"qcow2"`. */
  readonly format?: pulumi.Input<string | undefined>;
  /** Image that the disk is made from, on a storage with content `import`. Default: an empty disk. Example: `"local:import/debian-12.qcow2"`. */
  readonly image?: pulumi.Input<string | undefined>;
  /** Only to opt out of backups. Default: backed up. Example: `{ exclude: "a cache", owner: "ops", until: "2027-06-30" }`. */
  readonly backup?: pulumi.Input<OptOutArgs | undefined>;
}

/** What cloud-init sets up in a virtual machine. */
export interface CloudInitArgs {
  /** Storage of the drive that it reads. Example: `"local-lvm"`. */
  readonly storage: pulumi.Input<string>;
  /** User that it makes. Default: `"root"`. Example: `"ops"`. */
  readonly user?: pulumi.Input<string | undefined>;
  /** Public keys, as lines of `authorized_keys`, that the user lets in. Default: none. Example: `["ssh-ed25519 AAAA… you@example.com"]`. */
  readonly sshKeys?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Addresses of name servers. Default: those of the node. Example: `["192.0.2.53"]`. */
  readonly nameservers?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Domain that names without a dot are looked up in. Default: that of the node. Example: `"example.com"`. */
  readonly searchDomain?: pulumi.Input<string | undefined>;
}

/**
 * A virtual machine whose disks are all in its backups unless they opt out, with Lifeboat's mark on it. Made, changed and
 * deleted over Proxmox's API alone: no SSH to the node.
 *
 * Pass the provider in `opts`. Pulumi's own `transforms` in `opts` have the last word on what the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class VirtualMachine extends pulumi.ComponentResource {
  /** Id in Proxmox. Build backup jobs from it, so that they are made after the machine and deleted before it. */
  readonly vmId: pulumi.Output<number>;

  /** MAC address of its network card. A machine that is made anew has another, unless its arguments fix one. */
  readonly macAddress: pulumi.Output<string>;

  constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const environment = args.environment ?? pulumi.getStack();
    const checked = checkArguments(`virtual machine ${name}`, { ...args, name, environment }, virtualMachineRules);
    super(componentKinds["virtual-machine"].component, name, {}, opts);
    const machine = new VmLegacy(componentKinds["virtual-machine"].child(name), checked.inputs, {
      parent: this,
      protect: checked.protect ?? true,
      // With a fixed id Pulumi's usual order (new before old) would "create" the old guest and then delete it.
      deleteBeforeReplace: true,
      ignoreChanges: settledDrives(Object.keys(args.disks).length),
    });
    this.vmId = machine.vmId;
    this.macAddress = machine.networkDevices.apply((cards) => cards?.[0]?.macAddress ?? "");
    this.registerOutputs({ vmId: this.vmId, macAddress: this.macAddress });
  }
}
