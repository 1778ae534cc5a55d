import { checkBy, type ArgumentRules } from "../../site/arguments/checked";
import { storageSchemas } from "../../site/settings/backup-schema";
import type { BackupStorageSettings } from "../../site/settings/environment";

type Declared<Type extends string> = Extract<BackupStorageSettings, { readonly type: Type }>;

/** Inputs that have the name of the argument that decides them, and nothing but it. */
function passedOn(...names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return { id: ["resourceId"], ...Object.fromEntries(names.map((name) => [name, [name]])) };
}

const sampleId = { id: "storage", nodes: ["node"] };

/** How the arguments of a storage are read, by what it is: that decides what is made. */
export const storageRules = {
  adopted: rules({
    check: (raw) => checkBy(storageSchemas.adopted, raw, ({ id }) => ({ inputs: { resourceId: id } })),
    uses: passedOn(),
    samples: sampleId,
  }),
  dir: rules({
    check: (raw) => checkBy(storageSchemas.dir, raw, (storage) => ({ inputs: directoryInputs(storage) })),
    uses: passedOn("path", "shared", "nodes"),
    samples: { ...sampleId, path: "/path" },
  }),
  nfs: rules({
    check: (raw) => checkBy(storageSchemas.nfs, raw, (storage) => ({ inputs: nfsInputs(storage) })),
    uses: passedOn("server", "export", "options", "nodes"),
    samples: { ...sampleId, server: "server", export: "/path", options: "ro" },
  }),
  pbs: rules({
    check: (raw) => checkBy(storageSchemas.pbs, raw, (storage) => ({ inputs: backupServerInputs(storage) })),
    uses: passedOn("server", "datastore", "username", "password", "encryptionKey", "fingerprint", "namespace", "nodes"),
    samples: {
      ...sampleId,
      server: "server",
      datastore: "datastore",
      username: "user@pbs",
      password: "password",
      encryptionKey: "{}",
      fingerprint: Array.from({ length: 32 }, () => "00").join(":"),
      namespace: "namespace",
    },
  }),
};

function rules<Inputs extends object>(of: ArgumentRules<Inputs>): ArgumentRules<Inputs> {
  return of;
}

/**
 * What the provider's storage resources are given, computed without Pulumi. Backups only: nothing else is kept there.
 * `shared` is always said: the provider's default would tell Proxmox that all nodes see the folder.
 */
function directoryInputs({ id, path, shared, nodes }: Declared<"dir">) {
  return { resourceId: id, path, contents: ["backup"], shared, ...onNodes(nodes) };
}

function nfsInputs({ id, server, export: exported, options, nodes }: Declared<"nfs">) {
  return {
    resourceId: id,
    server,
    export: exported,
    contents: ["backup"],
    ...(options === undefined ? {} : { options }),
    ...onNodes(nodes),
  };
}

function backupServerInputs(storage: Declared<"pbs">) {
  const { id, server, datastore, username, password, encryptionKey, fingerprint, namespace, nodes } = storage;
  return {
    resourceId: id,
    server,
    datastore,
    username,
    password,
    contents: ["backup"],
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(namespace === undefined ? {} : { namespace }),
    ...onNodes(nodes),
  };
}

function onNodes(nodes: readonly string[] | undefined) {
  return nodes === undefined ? {} : { nodes: [...nodes] };
}

/** A storage of the settings as arguments. */
export function storageArguments(storage: BackupStorageSettings) {
  if (storage.type === "adopted") return { id: storage.id, adopt: true };
  const { nodes, ...rest } = storage;
  return nodes === undefined ? rest : { ...rest, nodes: [...nodes] };
}
