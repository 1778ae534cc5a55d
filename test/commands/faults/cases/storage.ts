import { everyArchive, restored, undoBringsBack, untouched } from "../afterwards";
import type { FaultCase } from "../fault-case";

const restore = "restore guest web --force --stop";

/** The storages. */
export const storageFaults: readonly FaultCase[] = [
  {
    fault: "the storage is full when the save point is made",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: the save point cannot be made: zstd: error 70 : Write error : cannot write block : No space left on device (exit code 70). Nothing is changed: what was begun has been taken back.\nHINT: restore without a way back: add --without-save-point=web",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      await site.fault("storage-full", { storage: "backup" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the storage of the disks is full when the restore allocates them (Proxmox then loses the guest)",
    command: restore,
    exitCode: 1,
    message:
      "Unable to restore guest web: web is gone: the restore on the node failed (unable to restore CT 101 - unable to create image: qemu-img: /mnt/data/images/101/vm-101-disk-1.raw: Could not create '/mnt/data/images/101/vm-101-disk-1.raw': No space left on device). It stopped in step 'Restore the archive'; its save point holds web as it was.\nHINT: bring web back as it was: lifeboat undo prod/web; or try the archive again: lifeboat restore guest prod/web --stop --force",
    afterwards: [everyArchive, undoBringsBack],
    run: async ({ site, lifeboat }) => {
      await site.fault("storage-full", { storage: "data", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the storage is slow",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("slow-storage", { storage: "backup", milliseconds: "300" });
      return lifeboat(restore);
    },
  },
  {
    fault: "a storage without this archive hangs, so that Proxmox gives its list up (596)",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("answer-596", { path: "^GET .*/storage/local/content" });
      const result = await lifeboat(restore);
      expect(result.stdout + result.stderr).toMatch(/local was not searched: pve-prod could not list it/u);
      return result;
    },
  },
  {
    fault: "the storage of the archive hangs, so that Proxmox gives its list up (596)",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: no archive of guest 101 was found, and storage backup was not searched: pve-prod could not list it: Connection timed out (searched: local)\nHINT: run it again when the storage answers; on its node: pvesm status",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      await site.fault("answer-596", { path: "^GET .*/storage/backup/content" });
      const result = await lifeboat(restore);
      await site.clearFaults();
      return result;
    },
  },
  {
    fault: "the disk of the storage is not mounted, and the storage is declared as a mount point",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: no archive of guest 101 was found, and storage backup was not searched: it is not active (searched: local)\nHINT: run it again when the storage answers; on its node: pvesm status",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      await site.client.put(["storage", "backup"], { is_mountpoint: "yes" });
      await site.fault("disk-unmounted", { storage: "backup" });
      const result = await lifeboat(restore);
      await site.clearFaults();
      await site.client.put(["storage", "backup"], { delete: "is_mountpoint" });
      return result;
    },
  },
];
