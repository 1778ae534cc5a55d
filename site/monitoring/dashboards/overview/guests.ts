import { chosen, guestAge, noneSeen, ofGuest, proofShare, rpoShare, withoutBackup, withoutProof } from "../expressions";
import * as judged from "../judgements";
import { table } from "../table";
import { guestColumns } from "./columns";

export function guests() {
  return table({
    width: 24,
    height: 9,
    title: "Newest backup of each guest",
    description:
      "The archive that is there, not what a task's log says. The share of the RPO is above 100 % when the backup is too old; a guest without any says never.",
    unit: "none",
    empty: "no guests, or nobody looks",
    labels: guestColumns,
    values: [
      {
        title: "Backed up",
        query: ofGuest("lifeboat_guest_backup_expected", chosen),
        unit: "none",
        words: judged.expected,
        pixels: 95,
      },
      {
        title: "Seen",
        query: ofGuest("lifeboat_guest_archives_seen", chosen),
        unit: "none",
        words: judged.yes,
        pixels: 65,
      },
      {
        title: "Age",
        query: guestAge("lifeboat_guest_last_backup_timestamp_seconds", chosen),
        unit: "s",
        decimals: 1,
        empty: "none seen",
        pixels: 95,
      },
      {
        title: "RPO",
        query: ofGuest("lifeboat_guest_rpo_seconds", chosen),
        unit: "s",
        decimals: 1,
        pixels: 95,
      },
      {
        title: "Share of RPO",
        query: `${rpoShare(chosen)} or ${withoutBackup(chosen)} * Inf`,
        unit: "percentunit",
        decimals: 0,
        steps: judged.shareOfAllowed,
        words: judged.neverBefore,
        pixels: 110,
      },
      {
        title: "Newest run",
        query: ofGuest("lifeboat_guest_backup_failed", chosen),
        unit: "none",
        words: judged.failure,
        pixels: 95,
      },
      { title: "Size", query: ofGuest("lifeboat_guest_last_backup_size_bytes", chosen), unit: "bytes", pixels: 95 },
      { title: "Backups", query: ofGuest("lifeboat_guest_backups", chosen), unit: "none", pixels: 90 },
      {
        title: "Verified",
        query: guestAge("lifeboat_guest_verification_timestamp_seconds", chosen),
        unit: "s",
        decimals: 1,
        empty: "never",
        pixels: 95,
      },
    ],
    sortBy: "Share of RPO",
  });
}

export function proofs() {
  return table({
    width: 14,
    height: 8,
    title: "Proofs",
    description: "When a drill last restored each guest and asked it, and what came of it.",
    unit: "none",
    empty: "no guest is to be proved",
    labels: guestColumns,
    values: [
      {
        title: "Result",
        query: ofGuest("lifeboat_guest_proof_success", chosen),
        unit: "none",
        words: { 1: { text: "proved", colour: "green" }, 0: { text: "failed", colour: "red" } },
        pixels: 90,
      },
      {
        title: "Age",
        query: guestAge("lifeboat_guest_proof_timestamp_seconds", chosen),
        unit: "s",
        decimals: 1,
        empty: "never",
        pixels: 95,
      },
      {
        title: "May be",
        query: ofGuest("lifeboat_guest_proof_max_age_seconds", chosen),
        unit: "s",
        decimals: 1,
        empty: "no limit",
        pixels: 95,
      },
      {
        title: "Share",
        query: `${proofShare(chosen)} or ${withoutProof(chosen)} * Inf`,
        unit: "percentunit",
        decimals: 0,
        steps: judged.shareOfAllowed,
        words: judged.neverBefore,
        pixels: 90,
      },
    ],
    sortBy: "Share",
  });
}

export function optOuts() {
  return table({
    width: 10,
    height: 8,
    title: "Opt-outs",
    description: "Guests and disks that are left out of backups on purpose, and for how long still.",
    unit: "none",
    empty: noneSeen,
    labels: [...guestColumns, { label: "disk", title: "Disk", pixels: 80, empty: "all" }],
    values: [
      {
        title: "Ends in",
        query: `max by (environment, guest, id) (lifeboat_guest_opt_out_until_timestamp_seconds{${chosen}}) - time() or max by (environment, guest, id, disk) (lifeboat_disk_opt_out_until_timestamp_seconds{${chosen}}) - time()`,
        unit: "s",
        decimals: 0,
        steps: judged.optOutSteps,
        pixels: 95,
      },
    ],
  });
}
