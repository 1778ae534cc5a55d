import {
  chosen,
  countOf,
  countOfBackups,
  ofGuest,
  proofShare,
  rpoShare,
  whereAllAnswer,
  withoutBackup,
  withoutProof,
} from "../expressions";
import { ruleDefaults } from "../../rules/options";
import * as judged from "../judgements";
import { stat } from "../panels";
import { fill } from "./runs";

const small = { width: 6, height: 3 };

/** Said where not everything could be seen: "none" would be a claim. */
const unknown = "unknown";

export function unanswered() {
  return stat({
    ...small,
    title: "Environments without an answer",
    description: "Environments whose nodes did not answer the last look. What is shown of them may be old.",
    unit: "none",
    empty: "exporter is silent",
    query: `count(lifeboat_environment_up{${chosen}} == 0) or 0 * count(lifeboat_environment_up{${chosen}})`,
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

export function lastLook() {
  return stat({
    ...small,
    title: "Last look",
    description: "How long ago the exporter last looked at the environment that waits longest.",
    unit: "s",
    decimals: 0,
    empty: unknown,
    query: `time() - min(lifeboat_look_timestamp_seconds{${chosen}}) and count(lifeboat_look_timestamp_seconds{${chosen}}) == count(lifeboat_environment_up{${chosen}})`,
    steps: judged.lookSteps,
  });
}

export function rpoMissed() {
  return stat({
    ...small,
    title: "Guests that missed their RPO",
    description: "Guests whose newest good backup is older than their RPO, or that have none at all.",
    unit: "none",
    empty: unknown,
    query: countOfBackups(`${rpoShare(chosen)} > 1 or ${withoutBackup(chosen)}`),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

export function failedGuests() {
  return stat({
    ...small,
    title: "Guests whose newest run failed",
    description: "Their job ran and did not back them up. The task's log on the node says why.",
    unit: "none",
    empty: unknown,
    query: countOf(`${ofGuest("lifeboat_guest_backup_failed", chosen)} == 1`, "lifeboat_guest_backup_failed"),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

export function notCovered() {
  return stat({
    ...small,
    title: "Not covered by backups",
    description:
      "Guests that no settings name and no job backs up, and disks that are in no backup without an opt-out.",
    unit: "none",
    empty: unknown,
    query: countOf(`lifeboat_guest_not_covered{${chosen}} == 1 or lifeboat_disk_not_covered{${chosen}} == 1`),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

export function proofsMissing() {
  return stat({
    ...small,
    title: "Guests without a proof",
    description: "Guests whose last drill failed or is too old, and those that were to be tried and never were.",
    unit: "none",
    empty: unknown,
    query: countOf(
      `${ofGuest("lifeboat_guest_proof_success", chosen)} == 0 or ${proofShare(chosen)} > 1 or ${withoutProof(chosen)}`,
      "lifeboat_guest_proof_max_age_seconds",
    ),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

export function unfinishedCount() {
  return stat({
    ...small,
    title: "Unfinished operations",
    description:
      "Restores and other operations that are half done: repeat the command, or take it back with lifeboat undo.",
    unit: "none",
    empty: unknown,
    query: countOf(`lifeboat_unfinished_operation_timestamp_seconds{${chosen}}`),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

export function fullestStorage() {
  return stat({
    ...small,
    title: "Fullest storage",
    description: "How full the fullest storage is. A backup that does not fit fails, and removes no old one first.",
    unit: "percentunit",
    decimals: 0,
    empty: unknown,
    query: `max(${fill}) >= ${ruleDefaults.storageShare} or ${whereAllAnswer(`max(${fill})`)}`,
    steps: judged.storageSteps,
  });
}
