import { dashboard, labelVariable } from "./dashboard";
import { guestAge, noneSeen, ofGuest, proofShare, rpoShare, withoutBackup, withoutProof } from "./expressions";
import type { Dashboard } from "./foundation-sdk";
import * as judged from "./judgements";
import { lines, stat } from "./panels";
import { table } from "./table";

/** The guest that is chosen at the top of the dashboard. */
const chosen = `environment="$environment", guest="$guest"`;
/** Stands for a disk that has no opt-out whose end could be told. Grafana shows a value of minus infinity as one of infinity. */
const noOptOut = -1_000_000_000;
const small = { width: 4, height: 4 };
const half = { width: 12, height: 7 };

/** One guest: what is there to restore, since when, and how it went. */
export function backupGuest(): Dashboard {
  return dashboard({
    uid: "lifeboat-backup-guest",
    title: "Backups of a guest",
    description: "One guest: its backups, their age and size, verification, proof, and what is left out.",
    variables: [
      labelVariable("environment", "Environment", "label_values(lifeboat_guest_info, environment)"),
      labelVariable("guest", "Guest", 'label_values(lifeboat_guest_info{environment="$environment"}, guest)'),
    ],
    rows: [
      { panels: [age(), share(), newestRun(), backups(), verification(), proof()] },
      { title: "Over time", panels: [ages(), sizes(), durations(), counts()] },
      { title: "What needs somebody", panels: [leftOut(), unfinished()] },
    ],
  });
}

function age() {
  return stat({
    ...small,
    title: "Newest backup",
    description: "Since the newest good archive that is there was begun.",
    unit: "s",
    decimals: 1,
    empty: "none seen",
    query: guestAge("lifeboat_guest_last_backup_timestamp_seconds", chosen),
    steps: [],
  });
}

function share() {
  return stat({
    ...small,
    title: "Share of the RPO",
    description: "Age of the newest backup by what it may be: above 100 % it is too old.",
    unit: "percentunit",
    decimals: 0,
    empty: "unknown",
    query: `${rpoShare(chosen)} or ${withoutBackup(chosen)} * Inf`,
    steps: judged.shareOfAllowed,
    words: judged.neverBefore,
  });
}

function newestRun() {
  return stat({
    ...small,
    title: "Newest run",
    description: "Whether the job's newest run backed this guest up.",
    unit: "none",
    empty: "no run seen",
    query: ofGuest("lifeboat_guest_backup_failed", chosen),
    steps: judged.problems,
    words: judged.failure,
  });
}

function backups() {
  return stat({
    ...small,
    title: "Backups",
    description: "Archives that are there; save points do not count.",
    unit: "none",
    empty: "unknown",
    query: ofGuest("lifeboat_guest_backups", chosen),
    steps: [],
    words: { 0: { text: "none", colour: "red" } },
  });
}

function verification() {
  return stat({
    ...small,
    title: "Verified",
    description:
      "How long ago the newest archive was read and found whole. Bad: the last verification found that it is not.",
    unit: "s",
    decimals: 1,
    empty: "never",
    query: `${ofGuest("lifeboat_guest_verification_failed", chosen)} == 1 and ${ofGuest("lifeboat_guest_verification_failed", chosen)} * Inf or ${guestAge("lifeboat_guest_verification_timestamp_seconds", chosen)}`,
    steps: [],
    words: { Infinity: { text: "bad", colour: "red" } },
  });
}

function proof() {
  return stat({
    ...small,
    title: "Share of proof age",
    description: "Age of the last drill by what it may be: above 100 % it is too old.",
    unit: "percentunit",
    decimals: 0,
    empty: "not to be proved",
    query: `${ofGuest("lifeboat_guest_proof_success", chosen)} == 0 or ${proofShare(chosen)} or ${withoutProof(chosen)} * Inf`,
    steps: judged.shareOfAllowed,
    words: { ...judged.neverBefore, 0: { text: "failed", colour: "red" } },
  });
}

function ages() {
  return lines({
    ...half,
    title: "Age and RPO",
    description:
      "The age climbs until the next good backup. Where it crosses the RPO, a loss would be larger than agreed.",
    unit: "s",
    empty: "no backup was seen",
    series: [
      { query: guestAge("lifeboat_guest_last_backup_timestamp_seconds", chosen), legend: "age" },
      { query: ofGuest("lifeboat_guest_rpo_seconds", chosen), legend: "RPO", isLimit: true },
    ],
  });
}

function sizes() {
  return lines({
    ...half,
    title: "Size of the newest backup",
    description: "A drop means that a disk or data inside is missing.",
    unit: "bytes",
    empty: "no backup was seen",
    series: [
      { query: ofGuest("lifeboat_guest_last_backup_size_bytes", chosen), legend: "newest" },
      { query: ofGuest("lifeboat_guest_previous_backup_size_bytes", chosen), legend: "the one before" },
    ],
  });
}

function durations() {
  return lines({
    ...half,
    title: "Duration of the newest backup",
    description: "How long it took.",
    unit: "s",
    empty: "no backup was seen",
    series: [{ query: ofGuest("lifeboat_guest_last_backup_duration_seconds", chosen), legend: "duration" }],
  });
}

function counts() {
  return lines({
    ...half,
    title: "Backups that are there",
    description: "A drop is retention at work, or an archive that somebody deleted.",
    unit: "none",
    empty: "unknown",
    series: [{ query: ofGuest("lifeboat_guest_backups", chosen), legend: "backups" }],
  });
}

function leftOut() {
  return table({
    ...half,
    height: 6,
    title: "Disks that are left out",
    description: "Disks with an opt-out, until its last day, and disks that are in no backup without one.",
    unit: "none",
    empty: noneSeen,
    labels: [{ label: "disk", title: "Disk" }],
    values: [
      {
        title: "Opt-out ends in",
        query: `max by (disk) (lifeboat_disk_opt_out_until_timestamp_seconds{${chosen}}) - time() or max by (disk) (lifeboat_disk_not_covered{${chosen}} == 1) * ${noOptOut}`,
        unit: "s",
        decimals: 0,
        words: { [noOptOut]: { text: "in no backup, without an opt-out", colour: "red" } },
        steps: judged.optOutSteps,
      },
    ],
  });
}

function unfinished() {
  return table({
    ...half,
    height: 6,
    title: "Half done",
    description: "Operations on this guest: repeat the command to go on, or take it back with lifeboat undo.",
    unit: "none",
    empty: noneSeen,
    labels: [{ label: "kind", title: "Operation" }],
    values: [
      {
        title: "Began",
        query: `time() - max by (kind) (lifeboat_unfinished_operation_timestamp_seconds{${chosen}})`,
        unit: "s",
        decimals: 1,
      },
    ],
  });
}
