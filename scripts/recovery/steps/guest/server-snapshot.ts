import type { Archive, BackupServerStorage } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { plainText } from "../../../../proxmox/api/plain-text";
import { backupServerTaskStart } from "../../../../proxmox/rules/upid";
import { backupServerOwner, storageOf } from "../../../../proxmox/rules/volume-ids";
import { whyKeyMissing } from "../../../../site/restore/server-key";
import { howToVerify, type ServerVerification, tellVerification } from "../../../../site/restore/server-verification";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { unless } from "./inspect-present";
import type { FoundArchive } from "./inspection";

/** What a backup server has said of a snapshot that a storage lists. */
export function verificationOf({ verification }: Pick<Archive, "verification">): ServerVerification {
  return {
    state: verification && plainText(verification.state),
    time: verification?.upid === undefined ? undefined : backupServerTaskStart(verification.upid),
  };
}

/** Whether an archive is a snapshot on a backup server. */
export function isOnServer(volid: string): boolean {
  return backupServerOwner(volid) !== undefined;
}

/** The storage of a snapshot as it is defined; undefined where the token may not see it. */
async function storageOfSnapshot(client: ProxmoxClient, volid: string): Promise<BackupServerStorage | undefined> {
  const storages = await client.backups.backupServerStorages();
  return storages.find(({ storage }) => storage === storageOf(volid));
}

/** Datastore of a snapshot on its server; undefined where the token may not see the storage, or nobody could be asked. */
export async function datastoreOf(client: ProxmoxClient, volid: string): Promise<string | undefined> {
  return (await unless(["forbidden", "failed"], storageOfSnapshot(client, volid)))?.datastore;
}

/** Why no node reads a snapshot to its end, and what stands for that: what the server has said of it. */
export async function whyNotRead(
  client: ProxmoxClient,
  { volid, verification, verifiedAt }: Pick<FoundArchive, "volid" | "verification" | "verifiedAt">,
  timeZone: string,
): Promise<string> {
  const told = tellVerification({ state: verification, time: verifiedAt }, timeZone);
  const datastore = verification === "ok" ? undefined : await datastoreOf(client, volid);
  const how = verification === "ok" ? "" : ` (${howToVerify(datastore)})`;
  return `no node can read what lies on a backup server; ${told}${how}`;
}

/**
 * A snapshot that Proxmox cannot open is refused before anything is asked or touched.
 *
 * @throws CommandError (13)
 */
export async function requireKey(client: ProxmoxClient, { volid, encrypted }: FoundArchive): Promise<void> {
  if (encrypted === undefined) return;
  const storage = await storageOfSnapshot(client, volid);
  if (storage === undefined) return;
  const why = whyKeyMissing(encrypted, { storage: storage.storage, key: storage["encryption-key"] });
  if (why === undefined) return;
  throw new CommandError(`${volid} cannot be opened: ${why}`, {
    exitCode: exitCodes.refused,
    hint: `give it the key from where you keep it, on a node: pvesm set ${storage.storage} --encryption-key FILE`,
  });
}
