import type * as pulumi from "@pulumi/pulumi";

/** What containers and virtual machines take alike. Sizes, addresses and durations are written as in the settings. */
export interface GuestArgs {
  /**
   * Id in Proxmox, 100 to 999999999. It must be free: Proxmox refuses an id that is taken. Another id makes the guest anew,
   * without its data. Example: `101`.
   */
  readonly id: pulumi.Input<number>;
  /** Node that it lives on. Example: `"pve-prod"`. */
  readonly node: pulumi.Input<string>;
  /** Host name, and its name in Proxmox. Default: the component's name. Example: `"shop.example.com"`. */
  readonly hostname?: pulumi.Input<string | undefined>;
  /** The first network card. Example: `{ bridge: "vmbr0", address: "192.0.2.101/24", gateway: "192.0.2.1" }`. */
  readonly network: pulumi.Input<NetworkArgs>;
  /** Number of CPU cores. Default: 1. Example: `2`. */
  readonly cores?: pulumi.Input<number | undefined>;
  /** Memory with its unit, whole MiB. Default: 512MiB for a container, 1GiB for a virtual machine. Example: `"2GiB"`. */
  readonly memory?: pulumi.Input<string | undefined>;
  /** Proxmox's `ostype`. Default: `"l26"` for a virtual machine; for a container by its template's file name. Example: `"debian"`. */
  readonly osType?: pulumi.Input<string | undefined>;
  /** Started with the node. Default: true. Example: `false`. */
  readonly startOnBoot?: pulumi.Input<boolean | undefined>;
  /** Running after `pulumi up`. Default: true. Example: `false`. */
  readonly started?: pulumi.Input<boolean | undefined>;
  /** Proxmox's own protection, which also refuses a restore in place. Default: false. Example: `true`. */
  readonly protection?: pulumi.Input<boolean | undefined>;
  /** Tags in Proxmox, lower case, beside that of Lifeboat. Default: none. Example: `["web"]`. */
  readonly tags?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Pool in Proxmox, which must exist. It is set when the guest is made, and not changed later. Default: none. Example: `"prod"`. */
  readonly pool?: pulumi.Input<string | undefined>;
  /** Notes in Proxmox, above the mark of Lifeboat. Default: the mark alone. Example: `"ask the web team"`. */
  readonly description?: pulumi.Input<string | undefined>;
  /** Environment whose guest it is: part of its mark. Default: the name of the stack. Example: `"prod"`. */
  readonly environment?: string | undefined;
  /**
   * Pulumi's `protect`: neither `pulumi destroy` nor a replacement can delete the guest. It is not Proxmox's own protection
   * (`protection`). Default: true. Example: `false` in a lab.
   */
  readonly protect?: boolean | undefined;
  /** How long Proxmox may take to make it, at least 30s. Default: 10m. Example: `"30m"`. */
  readonly createTimeout?: string | undefined;
}

/** A network card and its address. */
export interface NetworkArgs {
  /** Bridge of the node. Example: `"vmbr0"`. */
  readonly bridge: pulumi.Input<string>;
  /** `dhcp`, or the address with the length of its prefix. Example: `"192.0.2.101/24"`. */
  readonly address: pulumi.Input<string>;
  /** Router, in the guest's own network; not with `dhcp`, which brings it. Default: none. Example: `"192.0.2.1"`. */
  readonly gateway?: pulumi.Input<string | undefined>;
  /** Fixed MAC address. Default: Proxmox makes one up. Example: `"BC:24:11:00:01:01"`. */
  readonly mac?: pulumi.Input<string | undefined>;
  /** VLAN tag, 1 to 4094. Default: none. Example: `20`. */
  readonly vlan?: pulumi.Input<number | undefined>;
  /** Proxmox's firewall on this card. Default: false. Example: `true`. */
  readonly firewall?: pulumi.Input<boolean | undefined>;
}

/** Why something is not backed up. All three are needed: nothing is left out by accident. */
export interface OptOutArgs {
  /** Why it need not be backed up, on one line. Example: `"rebuilt at start"`. */
  readonly exclude: pulumi.Input<string>;
  /** Who answers for that. Example: `"web team"`. */
  readonly owner: pulumi.Input<string>;
  /** The last day on which that holds, for people: a program of your own is not stopped by it. Example: `"2027-06-30"`. */
  readonly until: pulumi.Input<string>;
}
