import type { BackupRuns } from "../status/backup-runs";

/** Seconds by which the time in an archive's name may be off that of its task. */
const slack = 5;

/** How long an archive took to make; undefined where neither the newest run nor a task of its own tells. */
export function secondsOf(
  runs: readonly BackupRuns[],
  { volid, time }: { readonly volid: string; readonly time: number },
  vmid: number,
): number | undefined {
  const own = runs.flatMap(({ timed }) => timed).filter((backup) => backup.vmid === vmid);
  const named = own.find(({ archive }) => archive !== undefined && volid.endsWith(`/${archive}`));
  const around = own.find(
    ({ archive, started, seconds }) =>
      archive === undefined && started - slack <= time && time <= started + seconds + slack,
  );
  return (named ?? around)?.seconds;
}
