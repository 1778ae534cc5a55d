import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { everyArchive, restored, runsAsBefore, stillRuns } from "../afterwards";
import { asksFor, inSavePoint } from "../../support/held-tasks";
import type { FaultCase, Scene } from "../fault-case";

const restore = "restore guest web --force --stop";

/** The archive's file on this machine. */
function fileOf({ site, archive }: Scene): string {
  return site.nodePath("pve-prod", `mnt/backup/dump/${basename(archive)}`);
}

/** The archive. Without SSH to the node nobody reads it before it is unpacked. */
export const archiveFaults: readonly FaultCase[] = [
  {
    fault: "the archive is empty",
    command: restore,
    exitCode: 10,
    message:
      "Unable to restore guest web: there is no backup of guest 101 that could be chosen by its date (1 archive left out: it is empty) (searched: local, backup)\nHINT: see all archives: lifeboat backups prod/web",
    afterwards: [stillRuns],
    run: async (scene) => {
      writeFileSync(fileOf(scene), "");
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "the archive is dated later than the node's clock",
    command: restore,
    exitCode: 10,
    message:
      "Unable to restore guest web: there is no backup of guest 101 that could be chosen by its date (1 archive left out: it is dated TIME, later than the node's clock (TIME), so its age is not certain) (searched: local, backup)\nHINT: see all archives: lifeboat backups prod/web; to restore one nevertheless, name it: lifeboat restore guest prod/web --archive backup:backup/vzdump-lxc-101-DATE.tar.zst",
    afterwards: [stillRuns],
    run: async (scene) => {
      renameSync(fileOf(scene), fileOf(scene).replace(/\d{4}_\d\d_\d\d-/u, "2099_01_01-"));
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "the archive has been renamed, so that its name is none of Proxmox's",
    command: restore,
    exitCode: 10,
    message:
      "Unable to restore guest web: there is no archive of guest 101 (searched: local, backup)\nHINT: see all archives: lifeboat backups prod/web",
    afterwards: [stillRuns],
    run: async (scene) => {
      renameSync(fileOf(scene), fileOf(scene).replace("vzdump-lxc", "old-vzdump-lxc"));
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "the archive is cut off in its middle",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: backup:backup/vzdump-lxc-101-DATE.tar.zst cannot be read: ERROR: archive contains no configuration file\nHINT: there is no older one; see all archives: lifeboat backups prod/web",
    afterwards: [runsAsBefore],
    run: async ({ site, archive, lifeboat }) => {
      await site.fault("archive-truncated", { node: "pve-prod", volid: archive });
      return lifeboat(restore);
    },
  },
  {
    fault: "a bit of the archive is flipped",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: backup:backup/vzdump-lxc-101-DATE.tar.zst cannot be read: ERROR: archive contains no configuration file\nHINT: there is no older one; see all archives: lifeboat backups prod/web",
    afterwards: [runsAsBefore],
    run: async ({ site, archive, lifeboat }) => {
      await site.fault("archive-flipped", { node: "pve-prod", volid: archive });
      return lifeboat(restore);
    },
  },
  {
    fault: "the archive is removed between plan and deed",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: the archive changed since the plan was made. Nothing is changed: what was begun has been taken back.\nHINT: look at the new plan: lifeboat restore guest prod/web --dry-run",
    afterwards: [stillRuns],
    run: async (scene) => {
      await scene.site.fault("task-waits", inSavePoint);
      return scene.during(restore, asksFor("vzdump"), async () => {
        rmSync(fileOf(scene));
        await scene.site.clearFaults();
      });
    },
  },
  {
    fault: "another guest is being backed up on the node",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("slow-storage", { storage: "backup", milliseconds: "300" });
      await site.client.backups.vzdump("pve-prod", 301, { storage: "backup" });
      return lifeboat(restore);
    },
  },
];
