import { Command, type CommandArgs } from "@pulumi/command/remote";
import * as pulumi from "@pulumi/pulumi";
import { archivesRemovalCommand } from "../../site/offsite/node-places";
import { archiveCopiesChild, archiveCopiesComponent } from "../../site/offsite/resource-names";
import { connectionTo, type GuestLogin, printed, rootShell } from "../install/connection";
import { type CopiedArchives, installArchiveCopies } from "./archive-copies-files";

export interface ArchiveCopiesArgs {
  /** Address of the node. */
  readonly address: pulumi.Input<string>;
  /** Port of its SSH server. Default: 22. */
  readonly port?: number | undefined;
  /** How to log in to the node. */
  readonly login: GuestLogin;
  /** Whose archives are copied, from where, where to, and by which key. Secret. */
  readonly copied: CopiedArchives;
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: { readonly install?: (inputs: CommandArgs) => CommandArgs };
}

/**
 * A timer on a node that copies archives of chosen guests to another S3 service (J2). Deleting the component stops it and takes the key
 * away; copies that were made stay.
 */
export class ArchiveCopies extends pulumi.ComponentResource {
  /** Guests whose archives are copied; known once the timer is there. */
  readonly guests: pulumi.Output<string[]>;

  constructor(name: string, args: ArchiveCopiesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(archiveCopiesComponent, name, {}, opts);
    const { address, port, login, copied, transform = {} } = args;
    const inputs = {
      connection: pulumi.output(address).apply((host) => {
        const connection = connectionTo(host, login);
        return port === undefined ? connection : { ...connection, port };
      }),
      create: rootShell(login),
      stdin: pulumi.secret(installArchiveCopies(copied)),
      delete: archivesRemovalCommand(copied.environment, login.user),
      addPreviousOutputInEnv: false,
    };
    const command = new Command(archiveCopiesChild(name), transform.install?.(inputs) ?? inputs, {
      parent: this,
      additionalSecretOutputs: [...printed],
      // Pulumi's usual order would remove what has just been installed.
      deleteBeforeReplace: true,
    });
    this.guests = command.id.apply(() => copied.guests.map((guest) => guest.name));
    this.registerOutputs({ guests: this.guests });
  }
}
