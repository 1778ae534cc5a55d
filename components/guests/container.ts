import { ContainerLegacy } from "@muhlba91/pulumi-proxmoxve/containerLegacy";
import * as pulumi from "@pulumi/pulumi";
import { containerRules } from "../../site/arguments/container";
import { settledAtCreation } from "../../site/guest-inputs/container-inputs";
import { componentKinds } from "../../site/resources";
import { checkArguments } from "../arguments";
import type { GuestArgs, OptOutArgs } from "./guest-args";

/** A container. */
export interface ContainerArgs extends GuestArgs {
  /**
   * Volume id of the template that it is unpacked from when it is made; another one later changes nothing. Example:
   * `"local:vztmpl/debian-12-standard_amd64.tar.zst"`.
   */
  readonly template: pulumi.Input<string>;
  /** The root disk, which is in every backup. Example: `{ storage: "local", size: "8GiB" }`. */
  readonly root: pulumi.Input<RootDiskArgs>;
  /**
   * Further disks and folders of the node, by names of your own. All are backed up unless they opt out. Default: none.
   * Example: `{ data: { mount: "/srv", storage: "local", size: "20GiB" } }`.
   */
  readonly disks?: Record<string, DiskArgs> | undefined;
  /** Swap with its unit, whole MiB, or `"0"`. Default: none. Example: `"512MiB"`. */
  readonly swap?: pulumi.Input<string | undefined>;
  /** Addresses of name servers. Default: those of the node. Example: `["192.0.2.53"]`. */
  readonly nameservers?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Domain that names without a dot are looked up in. Default: that of the node. Example: `"example.com"`. */
  readonly searchDomain?: pulumi.Input<string | undefined>;
  /** Its root is nobody on the node. Default: true. Example: `false`. */
  readonly unprivileged?: pulumi.Input<boolean | undefined>;
  /** Containers inside the container, as Docker needs. With `unprivileged: false` only root@pam may set it. Default: false. Example: `true`. */
  readonly nesting?: pulumi.Input<boolean | undefined>;
  /** Public keys, as lines of `authorized_keys`, that root lets in from the start. Default: none. Example: `["ssh-ed25519 AAAA… you@example.com"]`. */
  readonly sshKeys?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/** The root disk of a container. */
export interface RootDiskArgs {
  /** Storage of the disk. Example: `"local-lvm"`. */
  readonly storage: pulumi.Input<string>;
  /** Size with its unit: whole GiB, above 1TiB whole TiB. It can grow later, and never shrinks. Example: `"8GiB"`. */
  readonly size: pulumi.Input<string>;
}

/** A disk of a container: a volume with `storage` and `size`, or a folder of the node with `bind` and `protectedBy`. */
export interface DiskArgs {
  /** Absolute path in the guest. Example: `"/srv"`. */
  readonly mount: pulumi.Input<string>;
  /** Number of its mount point, without gaps: 2 is `mp2`. Default: what is left, by the order of the paths. Example: `0`. */
  readonly slot?: pulumi.Input<number | undefined>;
  /** Storage of a volume; not with `bind`. Example: `"local-lvm"`. */
  readonly storage?: pulumi.Input<string | undefined>;
  /** Size of a volume with its unit: whole GiB, above 1TiB whole TiB; not with `bind`. Example: `"20GiB"`. */
  readonly size?: pulumi.Input<string | undefined>;
  /** Only to opt out of backups; not with `bind`. Default: backed up. Example: `{ exclude: "rebuilt at start", owner: "web team", until: "2027-06-30" }`. */
  readonly backup?: pulumi.Input<OptOutArgs | undefined>;
  /** Absolute path of a folder on the node, which only root@pam may give to a guest; not with `storage`. Example: `"/tank/media"`. */
  readonly bind?: pulumi.Input<string | undefined>;
  /** What protects the folder, with `bind`: Proxmox never backs it up. Example: `"replication of the pool"`. */
  readonly protectedBy?: pulumi.Input<string | undefined>;
  /** The guest can only read the folder; with `bind`. Default: false. Example: `true`. */
  readonly readOnly?: pulumi.Input<boolean | undefined>;
}

/**
 * A container whose disks are all in its backups unless they opt out, with Lifeboat's mark on it.
 *
 * Pass the provider in `opts`: `{ provider }` for a token, or one of root@pam for a container with a bind mount. Pulumi's
 * own `transforms` in `opts` have the last word on what the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class Container extends pulumi.ComponentResource {
  /** Id in Proxmox. Build backup jobs from it, so that they are made after the container and deleted before it. */
  readonly vmId: pulumi.Output<number>;
  /** MAC address of its network card: another one tells that the container was made anew. */
  readonly macAddress: pulumi.Output<string>;

  constructor(name: string, args: ContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    const environment = args.environment ?? pulumi.getStack();
    const checked = checkArguments(`container ${name}`, { ...args, name, environment }, containerRules);
    super(componentKinds.container.component, name, {}, opts);
    const container = new ContainerLegacy(componentKinds.container.child(name), checked.inputs, {
      parent: this,
      protect: checked.protect ?? true,
      // With a fixed id Pulumi's usual order (new before old) would "create" the old guest and then delete it.
      deleteBeforeReplace: true,
      ignoreChanges: [...settledAtCreation],
    });
    this.vmId = container.vmId;
    this.macAddress = container.networkInterfaces.apply((cards) => cards?.[0]?.macAddress ?? "");
    this.registerOutputs({ vmId: this.vmId });
  }
}
