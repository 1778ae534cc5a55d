import type * as pulumi from "@pulumi/pulumi";
import type { GuestLogin } from "../components/install/connection";
import type { Entrance } from "../site/data/entrance";

/** How the program gets to a guest's data. */
export interface DataPlace {
  /** The SSH server that is spoken to: the guest's, or that of its node. */
  readonly address: string | pulumi.Output<string>;
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
  readonly incarnation?: pulumi.Output<string> | undefined;
}
