import { ago, day, db, hour, later, missing, type RuleCase, sample, scraped, site, siteAt, web } from "../rule-case";

const none: RuleCase["firing"] = [];
const byHand = { environment: "prod", guest: "test", id: "199" };
const data = { ...web, disk: "data" };

const unproven = (age: string) =>
  ({
    alert: "ProofTooOld",
    severity: "warning",
    labels: { ...web, ...scraped },
    summary: "The backups of guest web (101) in prod are unproven",
    description: `For ${age} no drill has restored a copy of it.`,
  }) as const;

export const coverageCases: readonly RuleCase[] = [
  {
    about: "GuestNotCovered",
    title: "somebody made a guest by hand",
    at: later,
    samples: site(sample("lifeboat_guest_not_covered", byHand, 1)),
    firing: [
      {
        alert: "GuestNotCovered",
        severity: "warning",
        labels: { ...byHand, ...scraped },
        summary: "Guest test (199) in prod is in no backup",
        description:
          "No backup job has test: somebody made it by hand, or no update has come to the job since the settings name it.",
      },
    ],
  },
  {
    about: "GuestNotCovered",
    title: "… ten minutes ago, and may be at work on it",
    at: later,
    samples: site(sample("lifeboat_guest_not_covered", byHand, "_x22 1+0x2")),
    firing: none,
  },
  {
    about: "GuestNotCovered",
    title: "the settings name a guest that no job has, for 49 hours: one fault, one alert",
    at: later,
    samples: site(
      sample("lifeboat_guest_not_covered", web, 1),
      sample("lifeboat_guest_last_backup_timestamp_seconds", web, ago(49 * hour)),
    ),
    firing: [
      {
        alert: "GuestNotCovered",
        severity: "warning",
        labels: { ...web, ...scraped },
        summary: "Guest web (101) in prod is in no backup",
        description:
          "No backup job has web: somebody made it by hand, or no update has come to the job since the settings name it.",
      },
    ],
  },
  {
    about: "DiskNotCovered",
    title: "a disk is in no backup",
    at: later,
    samples: site(sample("lifeboat_disk_not_covered", data, 1)),
    firing: [
      {
        alert: "DiskNotCovered",
        severity: "warning",
        labels: { ...data, ...scraped },
        summary: "Disk data of guest web (101) in prod is in no backup",
        description: "Backups of web leave the disk out, and no opt-out in the settings says why.",
      },
    ],
  },
  {
    about: "DiskNotCovered",
    title: "… for ten minutes",
    at: later,
    samples: site(sample("lifeboat_disk_not_covered", data, "0+0x21 1+0x2")),
    firing: none,
  },
  {
    about: "GuestOptOutNearItsEnd",
    title: "the last day is in 13 days",
    at: later,
    samples: site(
      sample("lifeboat_guest_opt_out_until_timestamp_seconds", web, ago(-13 * day)),
      sample("lifeboat_guest_backup_expected", web, 0),
    ),
    firing: [
      {
        alert: "GuestOptOutNearItsEnd",
        severity: "warning",
        labels: { ...web, ...scraped },
        summary: "The opt-out of guest web (101) in prod ends soon",
        description: "Its last day ends in 13d 0h 0m 0s. After it pulumi up refuses to go on.",
      },
    ],
  },
  {
    about: "GuestOptOutNearItsEnd",
    title: "the last day is in 15 days",
    at: later,
    samples: site(sample("lifeboat_guest_opt_out_until_timestamp_seconds", web, ago(-15 * day))),
    firing: none,
  },
  {
    about: "DiskOptOutNearItsEnd",
    title: "the last day was yesterday",
    at: later,
    samples: site(sample("lifeboat_disk_opt_out_until_timestamp_seconds", data, ago(day))),
    firing: [
      {
        alert: "DiskOptOutNearItsEnd",
        severity: "warning",
        labels: { ...data, ...scraped },
        summary: "The opt-out of disk data of guest web (101) in prod ends soon",
        description: "Its last day ends in -1d 0h 0m 0s. After it pulumi up refuses to go on.",
      },
    ],
  },
  {
    about: "DiskOptOutNearItsEnd",
    title: "the last day is in 15 days",
    at: later,
    samples: site(sample("lifeboat_disk_opt_out_until_timestamp_seconds", data, ago(-15 * day))),
    firing: none,
  },
  {
    about: "ProofFailed",
    title: "a drill failed: that its proof is too old, too, needs no second alert",
    at: later,
    samples: site(
      sample("lifeboat_guest_proof_success", web, 0),
      sample("lifeboat_guest_proof_timestamp_seconds", web, ago(31 * day)),
    ),
    firing: [
      {
        alert: "ProofFailed",
        severity: "warning",
        labels: { ...web, ...scraped },
        summary: "The last drill could not prove guest web (101) in prod",
        description: "A copy of web was restored from its backup, and failed: a restore may fail too.",
      },
    ],
  },
  {
    about: "ProofFailed",
    title: "the settings have no drill",
    at: later,
    samples: site(
      missing("lifeboat_guest_proof_success", web),
      missing("lifeboat_guest_proof_timestamp_seconds", web),
      missing("lifeboat_guest_proof_max_age_seconds", web),
    ),
    firing: none,
  },
  {
    about: "ProofTooOld",
    title: "the last proof is 31 days old",
    at: later,
    samples: site(sample("lifeboat_guest_proof_timestamp_seconds", web, ago(31 * day))),
    firing: [unproven("31d 0h 0m 0s")],
  },
  {
    about: "ProofTooOld",
    title: "a guest has been known for longer than a proof may be old, and never had one",
    at: 5 * hour,
    samples: siteAt(
      5 * hour,
      missing("lifeboat_guest_proof_timestamp_seconds", web),
      missing("lifeboat_guest_proof_success", web),
      sample("lifeboat_guest_proof_max_age_seconds", web, 4 * hour),
      sample("lifeboat_guest_proof_max_age_seconds", db, 30 * day),
    ),
    firing: [unproven("5h 0m 0s")],
  },
  {
    about: "ProofTooOld",
    title: "its archives cannot be seen, whose notes tell of proofs",
    at: later,
    samples: site(
      sample("lifeboat_guest_proof_timestamp_seconds", web, ago(31 * day)),
      sample("lifeboat_guest_archives_seen", web, "1+0x21 0+0x2"),
    ),
    firing: none,
  },
  {
    about: "ProofTooOld",
    title: "a new guest has none yet",
    at: later,
    samples: site(missing("lifeboat_guest_proof_timestamp_seconds", web), missing("lifeboat_guest_proof_success", web)),
    firing: none,
  },
];
