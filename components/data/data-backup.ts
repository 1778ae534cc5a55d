import { Command, type CommandArgs } from "@pulumi/command/remote";
import * as pulumi from "@pulumi/pulumi";
import { type Entrance, removalCommand, shellThrough } from "../../site/data/entrance";
import { dataChild, dataComponents } from "../../site/data/resource-names";
import type { DataSource, DataSourceSecrets } from "../../site/settings/data";
import { connectionTo, type GuestLogin, printed } from "../install/connection";
import { type CopiedGuest, installDumpCopies, removeDumpCopies } from "../offsite/dump-copies-files";
import { installScript } from "./installation";
import { installReport, removeReport, type ReportSettings } from "./report/files";

/** Where dumps of a guest are copied to, and by which key. */
export type CopiesElsewhere = Omit<CopiedGuest, "sources">;

/** How a program gets to a guest's data. */
export interface DataPlace {
  /** The SSH server that is spoken to: the guest's, or that of its node. */
  readonly address: pulumi.Input<string>;
  /** Its port. Default: 22. */
  readonly port?: number | undefined;
  /** How to log in there. */
  readonly login: GuestLogin;
  /** How to get from there into the guest. */
  readonly entrance: Entrance;
  /**
   * Changes when the guest is made anew, which has everything installed again: `Container.macAddress`. For a guest that is reached by
   * its node; one that is logged in to is known by its host key.
   */
  readonly incarnation?: pulumi.Input<string> | undefined;
}

export interface DataBackupArgs<Source extends DataSource> {
  /** What is dumped, how often, and how long it is kept. */
  readonly source: Source;
  /** Secret. */
  readonly secrets: DataSourceSecrets;
  /** How the program gets into the guest. */
  readonly place: DataPlace;
  /** Where its dumps are copied to. Absent: nowhere, and copies that were set up before end. Secret. */
  readonly copies?: CopiesElsewhere | undefined;
  /** Who may ask the guest how its dumps are. Absent: nobody, and the port that was opened before is closed. */
  readonly report?: ReportSettings | undefined;
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: { readonly install?: (inputs: CommandArgs) => CommandArgs };
}

/**
 * A source of data in a guest: the program that dumps it, its settings and its timer. Deleting the component stops the timer
 * and takes its secrets away; dumps stay.
 */
export abstract class DataBackup<Source extends DataSource> extends pulumi.ComponentResource {
  /** When dumps are made; known once the timer is there. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: DataBackupArgs<Source>, opts?: pulumi.ComponentResourceOptions) {
    super(dataComponents[args.source.kind], name, {}, opts);
    const { source, secrets, place, copies, report, transform = {} } = args;
    const inputs = {
      connection: pulumi.output(place.address).apply((address) => {
        const connection = connectionTo(address, place.login);
        return place.port === undefined ? connection : { ...connection, port: place.port };
      }),
      create: shellThrough(place.entrance),
      stdin: pulumi.secret(
        installScript(source, secrets) + reportScript(source, report) + copiesScript(source, copies),
      ),
      delete: removalCommand(source.name, place.entrance),
      ...(place.incarnation === undefined ? {} : { triggers: [place.incarnation] }),
      addPreviousOutputInEnv: false,
    };
    const command = new Command(dataChild(name), transform.install?.(inputs) ?? inputs, {
      parent: this,
      additionalSecretOutputs: [...printed],
      // Pulumi's usual order would remove what has just been installed.
      deleteBeforeReplace: true,
    });
    this.schedule = command.id.apply(() => source.at);
    this.registerOutputs({ schedule: this.schedule });
  }
}

/** Before the copies: that they cannot be set up is seen there, too. */
function reportScript({ name }: DataSource, report: ReportSettings | undefined): string {
  return report === undefined ? removeReport(name) : installReport(name, report);
}

/** It comes after the source's own: dumps are made also where copies cannot be set up, and that is an error then. */
function copiesScript({ name }: DataSource, copies: CopiesElsewhere | undefined): string {
  return copies === undefined ? removeDumpCopies([name]) : installDumpCopies({ ...copies, sources: [name] });
}
