import type * as pulumi from "@pulumi/pulumi";
import type { StateStoreSettings } from "../../site/settings/environment";
import { bucketInputs } from "../../site/state-store/bucket-inputs";
import { stateStoreComponents } from "../../site/state-store/resource-names";
import { VersionedBucket } from "./versioned-bucket";

export interface StateBucketArgs {
  /** Environment whose state it holds. Example: `prod`. */
  readonly environment: string;
  /** Names and expiry, as the settings describe them. */
  readonly store: StateStoreSettings;
  /** The store has the bucket: it is taken in as it is. Default: false. */
  readonly exists?: boolean;
}

/** The bucket of one environment's state. */
export class StateBucket extends VersionedBucket {
  constructor(
    name: string,
    { environment, store, exists = false }: StateBucketArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(stateStoreComponents.bucket, name, bucketInputs(store, environment), exists, opts);
  }
}
