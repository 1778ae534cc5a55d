import { Directory } from "@muhlba91/pulumi-proxmoxve/storage/directory";
import { Nfs } from "@muhlba91/pulumi-proxmoxve/storage/nfs";
import { Pbs } from "@muhlba91/pulumi-proxmoxve/storage/pbs";
import * as pulumi from "@pulumi/pulumi";
import { checkBy } from "../../site/arguments/checked";
import { componentKinds } from "../../site/resources";
import { kindOfStorage, storageSchema } from "../../site/settings/backup-schema";
import { checkArguments } from "../arguments";
import { storageRules } from "./backup-storage-inputs";

/** A storage for backups: a folder (`dir`), an NFS export (`nfs`), a Proxmox Backup Server (`pbs`), or one that exists. */
export interface BackupStorageArgs {
  /** Id of the storage in Proxmox. Example: `"backup"`. */
  readonly id: pulumi.Input<string>;
  /** `true`: the storage exists already, and is neither changed nor removed. Only with `id`. Default: it is made. Example: `true`. */
  readonly adopt?: boolean | undefined;
  /** What is made: `dir`, `nfs` or `pbs`; not with `adopt`. Example: `"dir"`. */
  readonly type?: string | undefined;
  /** `dir`: absolute path of the folder on the node. Example: `"/mnt/backup"`. */
  readonly path?: pulumi.Input<string | undefined>;
  /** `dir`: the same folder on every node of a cluster (a mounted network file system). Default: false. Example: `true`. */
  readonly shared?: pulumi.Input<boolean | undefined>;
  /** `nfs` and `pbs`: name or address of the server. Example: `"192.0.2.20"`. */
  readonly server?: pulumi.Input<string | undefined>;
  /** `nfs`: absolute path of the export on the server. Example: `"/volume1/backup"`. */
  readonly export?: pulumi.Input<string | undefined>;
  /** `nfs`: mount options. Default: those of Proxmox. Example: `"vers=4.2"`. */
  readonly options?: pulumi.Input<string | undefined>;
  /** `pbs`: datastore on the server. Example: `"main"`. */
  readonly datastore?: pulumi.Input<string | undefined>;
  /** `pbs`: user or token of the server. Example: `"backup@pbs!lifeboat"`. */
  readonly username?: pulumi.Input<string | undefined>;
  /** `pbs`: its password or secret. It is a secret from the start. Example: `config.requireSecret("pbsPassword")`. */
  readonly password?: pulumi.Input<string | undefined>;
  /**
   * `pbs`: key with which each backup is encrypted, as `proxmox-backup-client key create --kdf none` writes it. It is a secret from
   * the start. Default: backups are not encrypted. Example: `config.requireSecret("pbsKey")`.
   */
  readonly encryptionKey?: pulumi.Input<string | undefined>;
  /** `pbs`: SHA-256 of the server's certificate. Default: the node's CAs decide. Example: `"AA:BB:…"`, 32 pairs. */
  readonly fingerprint?: pulumi.Input<string | undefined>;
  /** `pbs`: namespace in the datastore. Default: its root. Example: `"site-a"`. */
  readonly namespace?: pulumi.Input<string | undefined>;
  /** Nodes that have it; not with `adopt`. Default: all. Example: `["pve-prod"]`. */
  readonly nodes?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/**
 * The storage that an environment's job writes to. An adopted one is named and nothing more: it is neither changed nor
 * deleted. Deleting a declared one removes its entry in Proxmox; the archives stay where they are.
 *
 * Pulumi's own `transforms` in `opts` have the last word on what the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class BackupStorage extends pulumi.ComponentResource {
  /** Id in Proxmox; known once the storage exists. */
  readonly storageId: pulumi.Output<string>;

  constructor(name: string, args: BackupStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    const declare = checkedStorage(`backup storage ${name}`, args);
    super(componentKinds["backup-storage"].component, name, {}, opts);
    // An id that is in use is refused by Proxmox, so that the old entry has to go first.
    const child = { parent: this, deleteBeforeReplace: true };
    this.storageId = declare(componentKinds["backup-storage"].child(name), child);
    this.registerOutputs({ storageId: this.storageId });
  }
}

/** Declares the storage, and returns its id. */
type Declare = (name: string, opts: pulumi.CustomResourceOptions) => pulumi.Output<string>;

function checkedStorage(what: string, args: BackupStorageArgs): Declare {
  switch (kindOfStorage(args)) {
    case "adopted": {
      const { inputs } = checkArguments(what, args, storageRules.adopted);
      return () => pulumi.output(inputs.resourceId);
    }
    case "dir": {
      const { inputs } = checkArguments(what, args, storageRules.dir);
      return (name, opts) => new Directory(name, inputs, opts).resourceId;
    }
    case "nfs": {
      const { inputs } = checkArguments(what, args, storageRules.nfs);
      return (name, opts) => new Nfs(name, inputs, opts).resourceId;
    }
    case "pbs": {
      const { inputs } = checkArguments(what, args, storageRules.pbs);
      const { password, encryptionKey } = inputs;
      const secrets = {
        password: pulumi.secret(password),
        ...(encryptionKey === undefined ? {} : { encryptionKey: pulumi.secret(encryptionKey) }),
      };
      return (name, opts) => new Pbs(name, { ...inputs, ...secrets }, opts).resourceId;
    }
    case undefined:
      return refuseKind(what, args);
  }
}

/** What is no kind of storage has its problems told as the settings tell them. */
function refuseKind(what: string, args: BackupStorageArgs): never {
  checkArguments(what, args, {
    check: (raw) => checkBy(storageSchema, raw, () => ({ inputs: {} })),
    uses: {},
    samples: {},
  });
  throw new Error(`${what} is of no kind`);
}
