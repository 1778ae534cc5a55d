import { backupName, recordedAs } from "../../../../site/resources";
import type { PulumiCli, Watch } from "../../../clients/pulumi-cli/pulumi-cli";
import type { LoadedEnvironment } from "../../../project/environment";

/**
 * Has Pulumi forget a backup job that is gone: Proxmox deletes a job with its last guest, and the provider fails to read one that is
 * not there, so that nothing could be refreshed. `up` makes it again.
 *
 * @param recorded URNs of the state
 * @returns whether it was forgotten
 * @throws ProxmoxError when the jobs cannot be listed: then nothing is known of it
 */
export async function forgetLostJob(
  environment: LoadedEnvironment,
  recorded: readonly string[],
  cli: Pick<PulumiCli, "forget">,
  watch: Watch,
): Promise<boolean> {
  const urn = recordedAs(recorded, "backup-job", "backup-job", backupName);
  if (urn === undefined) return false;
  const jobs = await (await environment.client()).backups.backupJobs();
  if (jobs.some(({ id }) => id === environment.settings.backup.jobId)) return false;
  await cli.forget([urn], watch);
  return true;
}
