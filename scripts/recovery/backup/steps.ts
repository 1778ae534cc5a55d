import type { ProxmoxClient } from "../../../proxmox/api/client";
import { taskFailure } from "../../clients/failure";
import { CommandError } from "../../terminal/command-error";
import type { Step, StepNode } from "../engine/step";
import { findStarted, runTaskOnce } from "../steps/guest/start-task-once";
import { type BackupPlan, requestParameters } from "./plan";
import { waitForOwnName } from "../steps/guest/wait-for-own-name";
import { archiveOf, vzdumpError } from "../steps/guest/vzdump-archive";

/** Steps of `lifeboat backup`. */
export function backupSteps(plan: BackupPlan, client: ProxmoxClient): StepNode[] {
  return [runBackup(plan, client)];
}

function runBackup(plan: BackupPlan, client: ProxmoxClient): Step {
  const { node, vmid } = plan.target;
  const task = { node, vmid, type: "vzdump" };
  return {
    id: "backup",
    title: `Back up ${plan.guest}`,
    does: `back ${plan.guest} (${vmid}) up to ${plan.storage}`,
    // There is nothing to take back, and what became of a request without an answer must be found out.
    commits: true,
    // A task that an earlier process has started is waited for by `run`; without one there is nothing to find.
    probe: async (context) => {
      await findStarted(context, client, task);
      return undefined;
    },
    run: async (context) => {
      const start = async (signal: AbortSignal) => {
        await waitForOwnName(client, node, plan.storage, [vmid], signal);
        return client.backups.vzdump(node, vmid, requestParameters(plan));
      };
      const outcome = await runTaskOnce(context, client, { ...task, start });
      const failed = (why: string): CommandError => {
        context.note({ sent: false });
        const log = `the whole log: Proxmox's web interface, tasks of the node (${outcome.upid})`;
        return new CommandError(why, taskFailure(outcome, log));
      };
      if (!outcome.succeeded) throw failed(vzdumpError(outcome));
      const volid = archiveOf(outcome, plan.storage);
      const archives = await client.backups.archives(node, plan.storage, vmid);
      const archive = archives.find((listed) => listed.volid === volid);
      if (archive === undefined) {
        throw failed(`the task ended well, but ${volid ?? "its archive"} is not on ${plan.storage}`);
      }
      return {
        facts: { archive: archive.volid, bytes: archive.size ?? 0 },
        findings: outcome.log
          .filter((line) => line.startsWith("WARN"))
          .map((text) => ({ severity: "note", text: `the node warned: ${text}` })),
      };
    },
  };
}
