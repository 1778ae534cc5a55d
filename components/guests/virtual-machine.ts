import { VmLegacy, type VmLegacyArgs } from "@muhlba91/pulumi-proxmoxve/vmLegacy";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../refusal";
import { componentKinds } from "../../site/resources";
import type { Seconds, VirtualMachineGuest } from "../../site/settings/environment";
import {
  settledDisks,
  virtualMachineInputs,
  virtualMachineProblems,
} from "../../site/guest-inputs/virtual-machine-inputs";

export interface VirtualMachineArgs {
  /** The virtual machine, as the settings describe it. */
  readonly guest: VirtualMachineGuest;
  /** Environment whose guest it is: part of its mark. Example: `prod`. */
  readonly environment: string;
  /**
   * Pulumi's `protect`: neither `pulumi destroy` nor a replacement can delete the machine. Default: true. It is not
   * Proxmox's own protection (`guest.protection`), which would also refuse an in-place restore.
   */
  readonly protect?: boolean;
  /** How long Proxmox may take to make it, in seconds. Default: 600. */
  readonly createTimeout?: Seconds;
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: { readonly machine?: (inputs: VmLegacyArgs) => VmLegacyArgs };
}

/**
 * A virtual machine whose disks are all in its backups unless they opt out, with Lifeboat's mark on it. Made, changed and
 * deleted over Proxmox's API alone: no SSH to the node.
 *
 * @throws pulumi.RunError with every problem of `guest`, before anything is registered.
 */
export class VirtualMachine extends pulumi.ComponentResource {
  /** Id in Proxmox. Build backup jobs from it, so that they are made after the machine and deleted before it. */
  readonly vmId: pulumi.Output<number>;

  constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const problems = virtualMachineProblems(args.guest);
    if (problems.length > 0) throw refusal(`Unable to declare virtual machine ${name}: ${problems.join("; ")}`);
    super(componentKinds["virtual-machine"].component, name, {}, opts);
    this.vmId = this.declare(name, args).vmId;
    this.registerOutputs({ vmId: this.vmId });
  }

  private declare(name: string, { guest, environment, createTimeout = 600, ...rest }: VirtualMachineArgs): VmLegacy {
    const { protect = true, transform = {} } = rest;
    const inputs = virtualMachineInputs(guest, environment, createTimeout);
    return new VmLegacy(componentKinds["virtual-machine"].child(name), transform.machine?.(inputs) ?? inputs, {
      parent: this,
      protect,
      // With a fixed id Pulumi's usual order (new before old) would "create" the old guest and then delete it.
      deleteBeforeReplace: true,
      ignoreChanges: settledDisks(guest),
    });
  }
}
