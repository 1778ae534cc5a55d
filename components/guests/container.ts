import { ContainerLegacy, type ContainerLegacyArgs } from "@muhlba91/pulumi-proxmoxve/containerLegacy";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../refusal";
import { componentKinds } from "../../site/resources";
import type { ContainerGuest, Seconds } from "../../site/settings/environment";
import { containerInputs, containerProblems, settledAtCreation } from "../../site/guest-inputs/container-inputs";

export interface ContainerArgs {
  /** The container, as the settings describe it. */
  readonly guest: ContainerGuest;
  /** Environment whose guest it is: part of its mark. Example: `prod`. */
  readonly environment: string;
  /**
   * Pulumi's `protect`: neither `pulumi destroy` nor a replacement can delete the container. Default: true. It is not
   * Proxmox's own protection (`guest.protection`), which would also refuse an in-place restore.
   */
  readonly protect?: boolean;
  /** How long Proxmox may take to make it, in seconds. Default: 600. */
  readonly createTimeout?: Seconds;
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: { readonly container?: (inputs: ContainerLegacyArgs) => ContainerLegacyArgs };
}

/**
 * A container whose disks are all in its backups unless they opt out, with Lifeboat's mark on it.
 *
 * Pass the provider in `opts`: `{ provider }` for a token, or one of root@pam where {@link needsRoot} says so.
 *
 * @throws pulumi.RunError with every problem of `guest`, before anything is registered.
 */
export class Container extends pulumi.ComponentResource {
  /** Id in Proxmox. Build backup jobs from it, so that they are made after the container and deleted before it. */
  readonly vmId: pulumi.Output<number>;
  /** MAC address of its network card: another one tells that the container was made anew. */
  readonly macAddress: pulumi.Output<string>;

  constructor(name: string, args: ContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    const problems = containerProblems(args.guest);
    if (problems.length > 0) throw refusal(`Unable to declare container ${name}: ${problems.join("; ")}`);
    super(componentKinds.container.component, name, {}, opts);
    const container = this.declare(name, args);
    this.vmId = container.vmId;
    this.macAddress = container.networkInterfaces.apply((cards) => cards?.[0]?.macAddress ?? "");
    this.registerOutputs({ vmId: this.vmId });
  }

  private declare(name: string, { guest, environment, createTimeout = 600, ...rest }: ContainerArgs): ContainerLegacy {
    const { protect = true, transform = {} } = rest;
    const inputs = containerInputs(guest, environment, createTimeout);
    return new ContainerLegacy(componentKinds.container.child(name), transform.container?.(inputs) ?? inputs, {
      parent: this,
      protect,
      // With a fixed id Pulumi's usual order (new before old) would "create" the old guest and then delete it.
      deleteBeforeReplace: true,
      ignoreChanges: [...settledAtCreation],
    });
  }
}
