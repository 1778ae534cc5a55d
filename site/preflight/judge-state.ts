import { pulumiLine } from "../plain-pulumi";
import { readMark } from "../mark";
import { backupName, recordedAs } from "../resources";
import type { Environment } from "../settings/environment";
import type { Run, SiteFacts } from "./facts";
import { judgeUnknown, type Unknown } from "./judge-unknown";
import { fine, refuse, together, type Verdict } from "./verdict";

/** What Pulumi's state does not know Pulumi makes, and Proxmox makes no second storage or job of an id. */
export function judgeKnowledge(environment: Environment, facts: SiteFacts, run: Run): Verdict {
  return together([judgeKnown(environment, facts), judgeUnread(environment, facts, run)]);
}

function judgeKnown(environment: Environment, facts: SiteFacts): Verdict {
  const ofJob = judgeJob(environment, facts);
  const isEmpty = facts.recorded !== undefined && !facts.recorded.some((urn) => urn.includes("::lifeboat:backups:"));
  if (ofJob.refusals.length === 0 || !isEmpty) return together([judgeStorage(environment, facts), ofJob]);
  const { name, backup } = environment;
  return refuse(
    `Unable to deploy ${name}: backup job ${backup.jobId} is there already, and the state of the stack is empty`,
    `if the state was lost, bring it back (lifeboat restore state ${name} --list) or take in what is there (lifeboat state import-file ${name}); if the job is somebody else's, choose another id: lifeboat:backup.job`,
  );
}

/** Of what is not there the state may say what it likes: Pulumi makes it in either case. */
function judgeUnread(
  environment: Environment,
  { storageExists, jobExists, jobUnread, recordedUnread }: SiteFacts,
  run: Run,
): Verdict {
  const { guests, backup } = environment;
  const { id, type } = backup.storage;
  const job = hasJob(environment);
  const there = [
    ...(storageExists === true && type !== "adopted" ? [`storage ${id}`] : []),
    ...(jobExists === true && job ? [`backup job ${backup.jobId}`] : []),
  ];
  const unknowns = [
    ...(jobUnread === undefined || !job ? [] : [unknownJob(backup.jobId, jobUnread)]),
    ...(recordedUnread === undefined || there.length === 0 ? [] : [unknownState(there, recordedUnread)]),
  ];
  return together(unknowns.map((unknown) => judgeUnknown(environment, guests, run, unknown)));
}

function unknownJob(id: string, reason: string): Unknown {
  const what = `Whether there is a backup job ${id} already could not be found out`;
  return { what, reason, accepted: "there is none, or this stack has made it" };
}

function unknownState(there: readonly string[], reason: string): Unknown {
  const are = there.length === 1 ? "is" : "are";
  const what = `Whether the state of the stack knows ${there.join(" and ")}, which ${are} there already, could not be found out`;
  return { what, reason, accepted: "it does" };
}

/** A job without guests is not made. */
function hasJob({ guests }: Environment): boolean {
  return guests.some(({ optOut }) => optOut === undefined);
}

function judgeStorage(environment: Environment, { storageExists, recorded }: SiteFacts): Verdict {
  const { name, backup } = environment;
  const { id, type } = backup.storage;
  if (type === "adopted" || storageExists !== true || recorded === undefined) return fine;
  if (recordedAs(recorded, "backup-storage", type, backupName) !== undefined) return fine;
  return refuse(
    `Unable to deploy ${name}: storage ${id} is there already, and the state of the stack does not know it`,
    `to use it as it is, write \`storage: { id: ${id}, adopt: true }\`; if this stack has made it, give up its entry on a node, which leaves the archives alone: pvesm remove ${id}`,
  );
}

function judgeJob(environment: Environment, facts: SiteFacts): Verdict {
  const { name, backup } = environment;
  const { jobExists, recorded } = facts;
  const urn = recorded && recordedAs(recorded, "backup-job", "backup-job", backupName);
  if (jobExists === true && recorded !== undefined && urn === undefined && hasJob(environment)) {
    return refuse(
      `Unable to deploy ${name}: backup job ${backup.jobId} is there already, and the state of the stack does not know it`,
      `if this stack has made it, remove it on a node and let the update make it anew: pvesh delete /cluster/backup/${backup.jobId}; otherwise choose another id: lifeboat:backup.job`,
    );
  }
  return jobExists === false ? { refusals: [], warnings: warnAboutJob(environment, facts, urn) } : fine;
}

/** A job that was deleted by hand stays in Pulumi's state, so that no update makes it again and nothing is backed up. */
function warnAboutJob(
  { name, backup }: Environment,
  { guests, recorded }: SiteFacts,
  urn: string | undefined,
): string[] {
  const deployed = guests.some(
    ({ guest, occupant }) =>
      (occupant.kind === "container" || occupant.kind === "virtual-machine") &&
      readMark(occupant.description)?.environment === name &&
      guest.optOut === undefined,
  );
  // What the state does not know is made by this very update.
  if (!deployed || (recorded !== undefined && urn === undefined)) return [];
  const way =
    urn === undefined
      ? `see whether Pulumi knows it: ${pulumiLine(name, "stack --show-urns")}`
      : `if it was deleted by hand, run \`${pulumiLine(name, `state delete '${urn}'`)}\`, then \`${pulumiLine(name, "up")}\``;
  return [`Backup job ${backup.jobId} is not there although its guests are: nothing backs them up.\nHINT: ${way}`];
}
