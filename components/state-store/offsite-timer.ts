import { Command, type CommandArgs } from "@pulumi/command/remote";
import * as pulumi from "@pulumi/pulumi";
import { connectionTo, type GuestLogin, printed, rootShell } from "../install/connection";
import { removalCommands } from "../../site/state-store/offsite-removal";
import { childName, stateStoreComponents } from "../../site/state-store/resource-names";
import { installScript, type OffsiteTimerSettings, type Remotes } from "./offsite-timer-files";

export interface OffsiteTimerArgs extends OffsiteTimerSettings {
  /** Address of the store's container. */
  readonly address: string;
  /** How to log in to the container. Another host key tells that it was made anew, and has it installed again. */
  readonly login: GuestLogin;
  /** The two services and the keys to them. The keys are secret. */
  readonly remotes: Remotes;
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: { readonly offsite?: (inputs: CommandArgs) => CommandArgs };
}

/**
 * A timer in the store's container that copies the states of all environments to another S3 service (E6). Deleting the
 * component stops it; copies that were made stay.
 */
export class OffsiteTimer extends pulumi.ComponentResource {
  /** When it copies; known once the timer is there. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: OffsiteTimerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(stateStoreComponents.offsite, name, {}, opts);
    const { address, login, remotes, transform = {} } = args;
    const inputs = {
      connection: connectionTo(address, login),
      create: rootShell(login),
      stdin: pulumi.secret(installScript(args, remotes)),
      delete: removalCommands[login.user === "root" ? "root" : "others"],
      addPreviousOutputInEnv: false,
    };
    const command = new Command(childName(name, "offsite"), transform.offsite?.(inputs) ?? inputs, {
      parent: this,
      additionalSecretOutputs: [...printed],
      // Pulumi's usual order would remove what has just been installed. No `triggers`: a container that was made anew has
      // another host key, by which its connection changes; a replacement would look for the old key there, to remove it first.
      deleteBeforeReplace: true,
    });
    this.schedule = command.id.apply(() => args.schedule);
    this.registerOutputs({ schedule: this.schedule });
  }
}
