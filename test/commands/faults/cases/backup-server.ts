import { everyArchive, stillRuns, untouched } from "../afterwards";
import type { FaultCase } from "../fault-case";

const restore = "restore guest web --force --stop";

/** A Proxmox Backup Server that holds the backups. */
export const backupServerFaults: readonly FaultCase[] = [
  {
    fault: "the backup server has verified the archive, and found it damaged",
    command: restore,
    exitCode: 10,
    message:
      "Unable to restore guest web: there is no backup of guest 101 that could be chosen by its date (1 archive left out: the backup server has verified it, and found: failed) (searched: local, backup)\nHINT: see all archives: lifeboat backups prod/web; to restore one nevertheless, name it: lifeboat restore guest prod/web --archive backup:backup/ct/101/TIMEZ",
    afterwards: [stillRuns],
    run: async ({ site, archive, lifeboat }) => {
      await site.fault("verification-failed", { volid: archive });
      return lifeboat(restore);
    },
  },
  {
    fault: "the backup server tells no size of the archive",
    command: restore,
    exitCode: 10,
    message:
      "Unable to restore guest web: there is no backup of guest 101 that could be chosen by its date (1 archive left out: the storage tells no size of it, so that it may not be whole) (searched: local, backup)\nHINT: see all archives: lifeboat backups prod/web; to restore one nevertheless, name it: lifeboat restore guest prod/web --archive backup:backup/ct/101/TIMEZ",
    afterwards: [stillRuns],
    run: async ({ site, archive, lifeboat }) => {
      await site.fault("no-size", { volid: archive });
      return lifeboat(restore);
    },
  },
  {
    fault: "the snapshot is encrypted, and its storage has no key any more",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: backup:backup/ct/101/TIMEZ cannot be opened: it is encrypted with the key 12:12:12:12:12:12:12:12, and storage backup has no key\nHINT: give it the key from where you keep it, on a node: pvesm set backup --encryption-key FILE",
    afterwards: [stillRuns, everyArchive],
    run: async ({ site, vmid, lifeboat }) => {
      const root = site.rootClient();
      const fingerprint = Array.from({ length: 32 }, () => "12").join(":");
      await root.put(["storage", "backup"], { "encryption-key": JSON.stringify({ data: "AAAA", fingerprint }) });
      await site.backUp(vmid);
      await root.put(["storage", "backup"], { delete: "encryption-key" });
      await root.close();
      return lifeboat(restore);
    },
  },
  {
    fault: "the backup server does not answer the node",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: no archive of guest 101 was found, and storage backup was not searched: pve-prod could not list it: backup: error fetching datastores - 500 Can't connect to 192.0.2.30:8007 (No route to host) (searched: local)\nHINT: run it again when the storage answers; on its node: pvesm status",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      await site.fault("backup-server-unreachable");
      const result = await lifeboat(restore);
      await site.clearFaults();
      return result;
    },
  },
  {
    fault: "the backup server is full when the save point is made",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: the save point cannot be made: Error: upload failed: No space left on device (os error 28) (exit code 255). Nothing is changed: what was begun has been taken back.\nHINT: restore without a way back: add --without-save-point=web",
    afterwards: [stillRuns, everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("storage-full", { storage: "backup" });
      return lifeboat(restore);
    },
  },
];
