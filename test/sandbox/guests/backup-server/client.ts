/** `proxmox-backup-client` as Proxmox runs it, and what it says (PVE::Storage::PBSPlugin::run_raw_client_cmd). */
import type { Log } from "../../drivers/driver";
import { repositoryOf, whyServerRefuses } from "../../model/backup-servers";
import type { Node } from "../../model/site";
import type { StorageEntry } from "../../model/state";
import { death } from "../../protocol/failure";
import { commandLine } from "../shell-quote";
import { printSnapshot, readSnapshot, type Snapshot, type SnapshotName } from "./snapshots";

/** The command line, as it is logged. @param words what stands in front, such as a user namespace */
export function clientCommand(
  storage: StorageEntry,
  command: "backup" | "restore" | "files" | "forget",
  parameters: readonly string[],
  words: readonly string[] = [],
): string {
  const crypt =
    command !== "backup" && command !== "restore"
      ? []
      : storage.options["encryption-key"] === undefined
        ? ["--crypt-mode=none"]
        : ["--crypt-mode=encrypt", "--keyfd=14"];
  const { namespace } = storage.options;
  return commandLine([
    ...words,
    "/usr/bin/proxmox-backup-client",
    command,
    ...crypt,
    ...parameters,
    "--repository",
    repositoryOf(storage),
    ...(namespace === undefined ? [] : ["--ns", namespace]),
  ]);
}

/** A command of the client that failed, with the line that it has printed. */
export function clientFailure(command: string, text: string, log: Log): Error {
  log(`Error: ${text}`);
  return death(`command '${command}' failed: exit code 255`);
}

/**
 * The snapshot that a restore reads, once the client has its manifest. @throws when the server, the snapshot or its key cannot be
 * had
 */
export async function openForRestore(
  node: Node,
  storage: StorageEntry,
  name: SnapshotName,
  { file, words = [], log }: { file: readonly string[]; words?: readonly string[]; log: Log },
): Promise<Snapshot> {
  const command = clientCommand(storage, "restore", [printSnapshot(name), ...file], words);
  const refusal = whyServerRefuses(node, storage);
  if (refusal !== undefined)
    throw clientFailure(command, "error trying to connect: No route to host (os error 113)", log);
  const snapshot = await readSnapshot(node, storage, name);
  if (snapshot === undefined) {
    throw clientFailure(
      command,
      `unable to read "${printSnapshot(name)}": No such file or directory (os error 2)`,
      log,
    );
  }
  const why = whyKeyFails(storage, snapshot);
  if (why !== undefined) throw clientFailure(command, why, log);
  return snapshot;
}

/** What the client says where a snapshot is encrypted with another key than the storage has (pbs_datastore::manifest). */
function whyKeyFails({ options }: StorageEntry, { record: { encrypted } }: Snapshot): string | undefined {
  const key = options["encryption-key"];
  if (encrypted === undefined || key === encrypted) return undefined;
  if (key === undefined) return `missing key - manifest was created with key ${short(encrypted)}`;
  return `wrong key - manifest's key ${short(encrypted)} does not match provided key ${short(key)}`;
}

/** The first eight bytes, by which a key is shown. */
function short(fingerprint: string): string {
  return fingerprint.slice(0, 23);
}
