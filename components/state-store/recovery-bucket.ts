import type * as pulumi from "@pulumi/pulumi";
import { recoveryBucketInputs } from "../../site/state-store/bucket-inputs";
import { stateStoreComponents } from "../../site/state-store/resource-names";
import { VersionedBucket } from "./versioned-bucket";

export interface RecoveryBucketArgs {
  /** The guest whose WAL and backups it holds, with its environment. Example: `prod/db`. */
  readonly guest: string;
  /** The store has the bucket: it is taken in as it is. Default: false. */
  readonly exists?: boolean;
}

/** The bucket for WAL and backups of one guest's clusters. */
export class RecoveryBucket extends VersionedBucket {
  constructor(name: string, { guest, exists = false }: RecoveryBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super(stateStoreComponents.recovery, name, recoveryBucketInputs(guest), exists, opts);
  }
}
