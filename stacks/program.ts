import type * as pulumi from "@pulumi/pulumi";
import type { Container } from "../components/guests/container";
import type { Environment, OwnedGuest } from "../site/settings/environment";

/** What a program needs besides its settings. */
export interface Site {
  readonly environment: Environment;
  /** The provider that may declare this guest: root@pam's where Proxmox allows nobody else. */
  readonly providerFor: (guest?: OwnedGuest) => pulumi.ProviderResource;
  /**
   * Ends the program if the storage, which was not there before, turns out to hold archives of guests that are about to
   * be made. To be awaited between the storage and the guests.
   */
  readonly checkNewStorage: (storageId: pulumi.Output<string>) => Promise<void>;
  /** The backup job cannot be changed in place this time. */
  readonly remakesJob?: boolean | undefined;
  /** Declares the state store, in the environment that has it. */
  readonly declareStateStore?: DeclareStore | undefined;
  /** Declares the monitoring, in the environment that has it. */
  readonly declareMonitoring?: DeclareMonitoring | undefined;
  /** Declares the data in guests, where there are some. */
  readonly declareData?: DeclareData | undefined;
  /** Undefined: the settings ask for none. */
  readonly declareRestores?: DeclareRestores | undefined;
}

/** Declares the restores of the settings after what is given. */
export type DeclareRestores = (environment: Environment, after: readonly pulumi.Resource[]) => void;

/** What a guest that was declared is known by. */
export interface DeclaredGuest {
  readonly vmId: pulumi.Output<number>;
  readonly macAddress: pulumi.Output<string>;
}

/** Outputs of a stack by name. */
export type StackOutputs = Readonly<Record<string, pulumi.Output<unknown>>>;

/** Declares the store when the guests are declared. */
export type DeclareStore = (site: Site, containers: ReadonlyMap<string, Container>) => StackOutputs;

/** Declares the monitoring when the guests are declared. */
export type DeclareMonitoring = (site: Site, guests: ReadonlyMap<string, DeclaredGuest>) => StackOutputs;

/** Declares the data in guests when the guests are declared. */
export type DeclareData = (guests: ReadonlyMap<string, DeclaredGuest>) => StackOutputs;
