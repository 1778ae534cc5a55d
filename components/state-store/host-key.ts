import * as pulumi from "@pulumi/pulumi";
import { boundKey } from "../../site/host-keys";
import { stateStoreComponents } from "../../site/state-store/resource-names";

export interface HostKeyArgs {
  /** `Container.macAddress` of the guest that has the key: one that is made anew has another. */
  readonly macAddress: pulumi.Input<string>;
  /** `ssh-ed25519 AAAA…`: the one key that its SSH server may show. */
  readonly key: pulumi.Input<string>;
}

/**
 * The SSH host key of a guest, in the state: whoever deploys next, on whatever machine, has it, and no first use comes twice.
 *
 * It is a component without a resource. A command that reads the key (`command:local:Command`) would keep it as well, and
 * read it again as soon as its text changes; its type in a state would run what a forged state says. A key that Lifeboat
 * makes and puts into the guest would need a way in before: Proxmox has no call that writes a file of a container. The key is
 * a secret in the state, although it is none in itself: nobody writes another one there without the passphrase, nor puts what is
 * sealed for something else, or for the container before, in its place.
 */
export class HostKey extends pulumi.ComponentResource {
  /** The key. */
  readonly key: pulumi.Output<string>;

  constructor(name: string, { macAddress, key }: HostKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super(stateStoreComponents.hostKey, name, {}, opts);
    this.key = pulumi.secret(key);
    const bound = pulumi.all([this.key, macAddress]).apply(([known, address]) => boundKey(known, name, address));
    this.registerOutputs({ hostKey: pulumi.secret(bound) });
  }
}
