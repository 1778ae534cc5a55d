import { formatMoment } from "./moments";

/** What a Proxmox Backup Server has said of a snapshot. */
export interface ServerVerification {
  /** `ok`, `failed`; undefined where it has not verified it. */
  readonly state: string | undefined;
  /** Unix seconds: when the task began that verified it; undefined where that is not told. */
  readonly time: number | undefined;
}

/** What it has said, as the end of a sentence about the snapshot. It is the only one that reads it: no node can. */
export function tellVerification({ state, time }: ServerVerification, timeZone: string): string {
  if (state === undefined) return "the backup server has not verified it yet";
  const day = time === undefined ? "" : ` on ${formatMoment(time, timeZone)}`;
  const found = state === "ok" ? "found it whole" : `found: ${state}`;
  return `the backup server has verified it${day}, and ${found}`;
}

/**
 * How a verification is begun: on the server, since Proxmox VE's API has no call for it.
 *
 * @param datastore undefined where it is not known
 */
export function howToVerify(datastore: string | undefined): string {
  return `on the backup server: proxmox-backup-manager verify ${datastore ?? "DATASTORE"}, or a verify job there`;
}
