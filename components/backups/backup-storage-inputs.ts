import type { BackupStorageSettings } from "../../site/settings/environment";

type Declared<Type extends string> = Extract<BackupStorageSettings, { readonly type: Type }>;

/** What the provider's storage resources are given, computed without Pulumi. Backups only: nothing else is kept there. */
export const storageInputs = {
  /** `shared` is always said: the provider's default would tell Proxmox that all nodes see the folder. */
  dir: ({ id, path, shared, nodes }: Declared<"dir">) => ({
    resourceId: id,
    path,
    contents: ["backup"],
    shared,
    ...onNodes(nodes),
  }),

  nfs: ({ id, server, export: exported, options, nodes }: Declared<"nfs">) => ({
    resourceId: id,
    server,
    export: exported,
    contents: ["backup"],
    ...(options === undefined ? {} : { options }),
    ...onNodes(nodes),
  }),

  /** Without the password, which has to be a secret from the start. */
  pbs: ({ id, server, datastore, username, fingerprint, namespace, nodes }: Declared<"pbs">) => ({
    resourceId: id,
    server,
    datastore,
    username,
    contents: ["backup"],
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(namespace === undefined ? {} : { namespace }),
    ...onNodes(nodes),
  }),
};

function onNodes(nodes: readonly string[] | undefined) {
  return nodes === undefined ? {} : { nodes: [...nodes] };
}
