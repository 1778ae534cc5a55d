import { Directory, type DirectoryArgs } from "@muhlba91/pulumi-proxmoxve/storage/directory";
import { Nfs, type NfsArgs } from "@muhlba91/pulumi-proxmoxve/storage/nfs";
import { Pbs, type PbsArgs } from "@muhlba91/pulumi-proxmoxve/storage/pbs";
import * as pulumi from "@pulumi/pulumi";
import { componentKinds } from "../../site/resources";
import type { BackupStorageSettings } from "../../site/settings/environment";
import { storageInputs } from "./backup-storage-inputs";

export interface BackupStorageArgs {
  /** A directory, NFS export or backup server to declare, or a storage that exists. */
  readonly storage: BackupStorageSettings;
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: {
    readonly directory?: (inputs: DirectoryArgs) => DirectoryArgs;
    readonly nfs?: (inputs: NfsArgs) => NfsArgs;
    readonly pbs?: (inputs: PbsArgs) => PbsArgs;
  };
}

/**
 * The storage that an environment's job writes to. An adopted one is named and nothing more: it is neither changed nor
 * deleted. Deleting a declared one removes its entry in Proxmox; the archives stay where they are.
 */
export class BackupStorage extends pulumi.ComponentResource {
  /** Id in Proxmox; known once the storage exists. */
  readonly storageId: pulumi.Output<string>;

  constructor(name: string, args: BackupStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super(componentKinds["backup-storage"].component, name, {}, opts);
    this.storageId = this.declare(componentKinds["backup-storage"].child(name), args);
    this.registerOutputs({ storageId: this.storageId });
  }

  private declare(name: string, { storage, transform = {} }: BackupStorageArgs): pulumi.Output<string> {
    // An id that is in use is refused by Proxmox, so that the old entry has to go first.
    const opts = { parent: this, deleteBeforeReplace: true };
    switch (storage.type) {
      case "adopted":
        return pulumi.output(storage.id);
      case "dir": {
        const inputs = storageInputs.dir(storage);
        return new Directory(name, transform.directory?.(inputs) ?? inputs, opts).resourceId;
      }
      case "nfs": {
        const inputs = storageInputs.nfs(storage);
        return new Nfs(name, transform.nfs?.(inputs) ?? inputs, opts).resourceId;
      }
      case "pbs": {
        const inputs = { ...storageInputs.pbs(storage), password: pulumi.secret(storage.password) };
        return new Pbs(name, transform.pbs?.(inputs) ?? inputs, opts).resourceId;
      }
    }
  }
}
