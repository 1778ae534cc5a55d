import { Command } from "@pulumi/command/local";
import * as pulumi from "@pulumi/pulumi";
import { restoreFlowRules } from "../../site/arguments/restore-flow";
import { restoreFlowKind } from "../../site/resources";
import { checkArguments } from "../arguments";

/** A restore that is carried out once. */
export interface RestoreFlowArgs {
  /** Guest that is restored, by its name in the settings of the environment. Example: `"web"`. */
  readonly guest: pulumi.Input<string>;
  /** The newest backup that is not later: a day (its end) or a time. Default: the newest of all. Example: `"2026-11-20"`. */
  readonly at?: pulumi.Input<string | undefined>;
  /** This archive; not with `at`. Default: the newest. Example: `"backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst"`. */
  readonly archive?: pulumi.Input<string | undefined>;
  /** Id of a copy beside the guest, or `"next"`. Default: in place, and a save point is made first. Example: `"901"`. */
  readonly targetId?: pulumi.Input<string | undefined>;
  /** Consent: use this id for the copy although archives, disks or settings have it. Default: none. Example: `901`. */
  readonly reuseId?: pulumi.Input<number | undefined>;
  /** Node of the cluster to restore on. Default: the guest's own. Example: `"pve2"`. */
  readonly node?: pulumi.Input<string | undefined>;
  /** Storage for all volumes. Default: as the archive says. Example: `"local-zfs"`. */
  readonly storage?: pulumi.Input<string | undefined>;
  /** Consent: stop the guest if it runs. Default: false. Example: `true`. */
  readonly stop?: pulumi.Input<boolean | undefined>;
  /** Consent: lose what the archive does not hold. Default: false. Example: `true`. */
  readonly acceptLoss?: pulumi.Input<boolean | undefined>;
  /** Consent: make no save point first. Default: false. Example: `true`. */
  readonly withoutSavePoint?: pulumi.Input<boolean | undefined>;
  /** How long each check is repeated. Default: `"2m"`. Example: `"5m"`. */
  readonly checkTimeout?: pulumi.Input<string | undefined>;
  /** Environment whose guest it is. Default: the name of the stack. Example: `"prod"`. */
  readonly environment?: string | undefined;
  /**
   * Words that call the command line, from the folder of the program; it reads the settings of its own project. Not to be
   * changed as long as a request stands in the program. Default: `"lifeboat"`. Example: `"npx lifeboat"`.
   */
  readonly program?: string | undefined;
}

/**
 * A restore by `lifeboat restore guest`, carried out once: when the component is new. Its name is the id of the request, and
 * stands for this one restore for ever: with other arguments an update fails, and another restore takes another name. A failed one
 * leaves no resource, so that the next update goes on with it. Deleting the component changes nothing.
 *
 * The command has the variables of the process that runs Pulumi, the token among them; nothing secret is in its inputs.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class RestoreFlow extends pulumi.ComponentResource {
  /** What was done: the report that `lifeboat restore guest --json` prints. */
  readonly report: pulumi.Output<string>;

  constructor(name: string, args: RestoreFlowArgs, opts?: pulumi.ComponentResourceOptions) {
    const environment = args.environment ?? pulumi.getStack();
    const { inputs } = checkArguments(`restore ${name}`, { ...args, name, environment }, restoreFlowRules);
    super(restoreFlowKind.component, name, {}, opts);
    const command = new Command(restoreFlowKind.child(name), inputs, {
      parent: this,
      // What a guest's own checks print may be anything.
      additionalSecretOutputs: ["stderr"],
    });
    this.report = command.stdout.apply((text) => text.trim());
    this.registerOutputs({ report: this.report });
  }
}
