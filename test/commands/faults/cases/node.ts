import { renameSync } from "node:fs";
import { basename } from "node:path";
import { formatArchiveName } from "../../../../proxmox/rules/archive-names";
import {
  namedArchiveRestores,
  restored,
  sameCommandEnds,
  stillRuns,
  undoBringsBack,
  untouched,
  everyArchive,
  guestIsGone,
} from "../afterwards";
import { asksFor, inRestore, inSavePoint } from "../../support/held-tasks";
import type { FaultCase, Scene } from "../fault-case";
import type { RunResult } from "../../support/run-bundle";

const restore = "restore guest web --force --stop";

/** The node stays down: the command gives it up, though not for an answer that is late because this machine has much to do. */
const patience = { env: { LIFEBOAT_NODE_PATIENCE: "5" } };

/** The node, the way to it, and its tasks. */
export const nodeFaults: readonly FaultCase[] = [
  {
    fault: "the node refuses connections before anything was asked",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: https://192.0.2.11:8006 cannot be reached: connection refused, nothing listens there\nHINT: check that the node is up, that the address in lifeboat:proxmox is right, and that port 8006 is open from here",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      await site.fault("node-unreachable", { node: "pve-prod" });
      const result = await lifeboat(restore);
      await site.clearFaults();
      return result;
    },
  },
  {
    fault: "the node goes down while the save point is being made",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: https://192.0.2.11:8006 cannot be reached: connection refused, nothing listens there. It stopped in step 'Take a save point'; web is not overwritten, and may be stopped.\nHINT: to resume: lifeboat restore guest prod/web --stop --force; to take it back: lifeboat undo prod/web",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: async ({ site, during }) => {
      await site.fault("task-waits", inSavePoint);
      return during(restore, asksFor("vzdump"), () => site.fault("node-unreachable", { node: "pve-prod" }), patience);
    },
  },
  {
    fault: "the node goes down while the restore is running",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: https://192.0.2.11:8006 cannot be reached: connection refused, nothing listens there. It stopped in step 'Restore the archive'; web may be overwritten.\nHINT: to resume: lifeboat restore guest prod/web --stop --force; to take it back: lifeboat undo prod/web",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: async ({ site, during }) => {
      await site.fault("task-waits", inRestore);
      return during(
        restore,
        asksFor("vzrestore"),
        () => site.fault("node-unreachable", { node: "pve-prod" }),
        patience,
      );
    },
  },
  {
    fault: "the node goes down after the restore, while the guest is being started",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: https://192.0.2.11:8006 cannot be reached: connection refused, nothing listens there. It stopped in step 'Start web'; web is restored, and not proven.\nHINT: to resume: lifeboat restore guest prod/web --stop --force; to take it back: lifeboat undo prod/web",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: async ({ site, during }) => {
      await site.fault("task-waits", { type: "vzstart", at: "starting" });
      return during(restore, asksFor("vzstart"), () => site.fault("node-unreachable", { node: "pve-prod" }), patience);
    },
  },
  {
    fault: "the node is silent for a moment while the restore is running",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, during }) => {
      await site.fault("task-waits", inRestore);
      const silence = async (): Promise<void> => {
        await site.fault("node-unreachable", { node: "pve-prod" });
        setTimeout(() => void site.clearFaults(), 500);
      };
      return during(restore, asksFor("vzrestore"), silence);
    },
  },
  {
    fault: "595: the connection to the node behind is lost before the restore is taken",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: the connection to https://192.0.2.11:8006 was lost before the answer to POST /nodes/pve-prod/lxc came: No route to host; no single task 'vzrestore' was found on node pve-prod afterwards, so nobody knows whether it was started. It stopped in step 'Restore the archive'; web may be overwritten.\nHINT: to resume: lifeboat restore guest prod/web --stop --force; to take it back: lifeboat undo prod/web",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: async ({ site, lifeboat }) => {
      await site.fault("answer-595", { path: "^POST /nodes/pve-prod/lxc$", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "596: the answer to the restore is lost, and the work goes on",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("answer-596", { path: "^POST /nodes/pve-prod/lxc$", milliseconds: "50", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "599: the same, in the save point",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, lifeboat }) => {
      // The archive's own task must not be taken for the one whose answer was lost.
      await site.control({ command: "forward", seconds: 60 });
      await site.fault("answer-599", { path: "^POST /nodes/pve-prod/vzdump$", milliseconds: "50", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the restore's task dies while it unpacks",
    command: restore,
    exitCode: 1,
    message:
      "Unable to restore guest web: web is gone: the restore on the node failed (unable to restore CT 101 - worker failed at 'extracting'). It stopped in step 'Restore the archive'; its save point holds web as it was.\nHINT: bring web back as it was: lifeboat undo prod/web; or try the archive again: lifeboat restore guest prod/web --stop --force",
    afterwards: [guestIsGone, everyArchive, undoBringsBack],
    run: async ({ site, lifeboat }) => {
      await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the restore's task is not allowed what the plan was allowed",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: web is untouched: the restore on the node failed (unable to restore CT 101 - 403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)). Nothing is changed: what was begun has been taken back.\nHINT: see which privileges the token lacks: lifeboat doctor",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      const text = "403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)";
      await site.fault("task-dies", { type: "vzrestore", at: "recovered", text, times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the restore's worker is killed (`unexpected status`)",
    command: restore,
    exitCode: 1,
    message:
      "Unable to restore guest web: web is incomplete: the restore on the node failed (unexpected status). It stopped in step 'Restore the archive'; its save point holds web as it was.\nHINT: bring web back as it was: lifeboat undo prod/web; or try the archive again: lifeboat restore guest prod/web --stop --force",
    afterwards: [everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("worker-killed", { type: "vzrestore", at: "extracting", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the save point's worker is killed (`unexpected status`)",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: the save point cannot be made: unexpected status. Nothing is changed: what was begun has been taken back.\nHINT: restore without a way back: add --without-save-point=web",
    afterwards: [everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("worker-killed", { type: "vzdump", times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the node's clock is two hours ahead",
    command: restore,
    exitCode: 0,
    message: "",
    afterwards: [restored, everyArchive],
    run: async ({ site, lifeboat }) => {
      await site.fault("clock-skew", { node: "pve-prod", seconds: "7200" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the node's clock is two hours behind, so that its newest archive lies in the future",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: the clock of pve-prod is 2 h behind this machine's: which backup is the newest cannot be told, since backup:backup/vzdump-lxc-101-DATE.tar.zst, of TIME, is later than it\nHINT: set the time on both (NTP), and again; or restore that one nevertheless: lifeboat restore guest prod/web --archive backup:backup/vzdump-lxc-101-DATE.tar.zst",
    afterwards: [stillRuns, namedArchiveRestores],
    run: clockBehind,
  },
  {
    fault: "the token expires while the save point is being made",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: https://192.0.2.11:8006 did not accept the credential: Authentication failed!. It stopped in step 'Take a save point'; web is not overwritten, and may be stopped.\nHINT: to resume: lifeboat restore guest prod/web --stop --force; to take it back: lifeboat undo prod/web",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: async ({ site, during }) => {
      await site.fault("task-waits", inSavePoint);
      return during(restore, asksFor("vzdump"), () => site.fault("token-expires", { token: "lifeboat@pve!lifeboat" }));
    },
  },
  {
    fault: "the token loses its rights on the guest while the save point is being made",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: https://192.0.2.11:8006 does not allow it: Permission check failed (/vms/101, VM.Audit). It stopped in step 'Check that nothing has changed'; web is not overwritten, and may be stopped. Not taken back: Take a save point: https://192.0.2.11:8006 does not allow it: Permission check failed (/vms/101, VM.Audit); Stop web: https://192.0.2.11:8006 does not allow it: Permission check failed (/vms/101, VM.Audit); Protect the chosen archive: https://192.0.2.11:8006 does not allow it: Permission check failed (/vms/101, VM.Audit).\nHINT: to resume: lifeboat restore guest prod/web --stop --force; to take it back: lifeboat undo prod/web",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: async ({ site, during, vmid }) => {
      const root = site.rootClient();
      const rights = { path: `/vms/${String(vmid)}`, roles: "NoAccess", tokens: "lifeboat@pve!lifeboat" };
      await site.fault("task-waits", inSavePoint);
      const result = await during(restore, asksFor("vzdump"), async () => {
        await root.put(["access", "acl"], rights);
        await site.clearFaults();
      });
      await root.put(["access", "acl"], { ...rights, delete: true });
      await root.close();
      return result;
    },
  },
  {
    fault: "a backup's task dies",
    command: "backup web",
    exitCode: 1,
    message:
      "Unable to back up web: Backup job failed - worker failed at 'guest'. Nothing is changed.\nHINT: the whole log: Proxmox's web interface, tasks of the node (UPID:…)",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      await site.fault("task-dies", { type: "vzdump", times: "1" });
      return lifeboat("backup web");
    },
  },
  {
    fault: "a backup's task is not allowed what the plan was allowed",
    command: "backup web",
    exitCode: 14,
    message:
      "Unable to back up web: Backup job failed - 403 Permission check failed (/vms/101, VM.Backup). Nothing is changed.\nHINT: see which privileges the token lacks: lifeboat doctor",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      const text = "403 Permission check failed (/vms/101, VM.Backup)";
      await site.fault("task-dies", { type: "vzdump", text, times: "1" });
      return lifeboat("backup web");
    },
  },
  {
    fault: "the save point's task is not allowed what the plan was allowed",
    command: restore,
    exitCode: 14,
    message:
      "Unable to restore guest web: Backup job failed - 403 Permission check failed (/vms/101, VM.Backup). Nothing is changed: what was begun has been taken back.\nHINT: see which privileges the token lacks: lifeboat doctor",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      const text = "403 Permission check failed (/vms/101, VM.Backup)";
      await site.fault("task-dies", { type: "vzdump", text, times: "1" });
      return lifeboat(restore);
    },
  },
  {
    fault: "the node goes down while an undo is running",
    command: "undo web --force --stop",
    exitCode: 14,
    message:
      "Unable to undo the restore of web: https://192.0.2.11:8006 cannot be reached: connection refused, nothing listens there. It stopped in step 'Restore the archive'; web may be overwritten.\nHINT: to resume: lifeboat undo prod/web --stop --force",
    afterwards: [everyArchive, undoBringsBack],
    run: async ({ site, lifeboat, during }) => {
      expect((await lifeboat(restore)).code).toBe(0);
      await site.fault("task-waits", inRestore);
      return during(
        "undo web --force --stop",
        asksFor("vzrestore"),
        () => site.fault("node-unreachable", { node: "pve-prod" }),
        patience,
      );
    },
  },
];

/** The archive is an hour old by this machine's clock, and the node's clock is two hours behind that. */
async function clockBehind({ site, vmid, archive, lifeboat }: Scene): Promise<RunResult> {
  const form = { guestType: "lxc", timeZone: "UTC", format: "tar", compression: "zst" } as const;
  const name = formatArchiveName({ ...form, vmid, time: Math.floor(Date.now() / 1000) - 3600 });
  const dump = site.nodePath("pve-prod", "mnt/backup/dump");
  renameSync(`${dump}/${basename(archive)}`, `${dump}/${name}`);
  await site.control({ command: "clock", offset: 0 });
  await site.fault("clock-skew", { node: "pve-prod", seconds: "-7200" });
  return lifeboat(restore);
}
