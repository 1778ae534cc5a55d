import { Token } from "@muhlba91/pulumi-proxmoxve/user/token";
import * as pulumi from "@pulumi/pulumi";
import { exporterUser } from "../../proxmox/rules/exporter-privileges";
import { exporterTokenKind } from "../../site/resources";

export interface ExporterTokenArgs {
  /** Name of the token at Proxmox, which no other project has: `lifeboat.prod.1`. Another name is another token. */
  readonly tokenName: string;
  /** Environment that it looks at, for people who see it in Proxmox. */
  readonly environment: string;
}

/**
 * A token of the exporter's API user, which root has made with all its rights (`lifeboat doctor --print-setup`). Proxmox tells its
 * secret once, when it is made: the state is where it is kept. Deleting the component makes the token invalid at once.
 */
export class ExporterToken extends pulumi.ComponentResource {
  /** Name and secret as a client sends them: `lifeboat-exporter@pve!lifeboat.prod.1=…`. */
  readonly token: pulumi.Output<string>;

  constructor(name: string, { tokenName, environment }: ExporterTokenArgs, opts?: pulumi.ComponentResourceOptions) {
    super(exporterTokenKind.component, name, {}, opts);
    const child = new Token(
      exporterTokenKind.child(name),
      {
        userId: exporterUser,
        tokenName,
        comment: `Lifeboat: exporter of ${environment}`,
        // Rights of its own would have to be granted: who may do that may grant them to himself. The user has nothing else.
        privilegesSeparation: false,
      },
      { parent: this },
    );
    this.token = pulumi.secret(child.value);
    this.registerOutputs({ token: this.token });
  }
}
