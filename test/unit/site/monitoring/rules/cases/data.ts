import {
  ago,
  day,
  type FiringAlert,
  hour,
  later,
  minute,
  missing,
  type RuleCase,
  sample,
  scraped,
  shop,
  site,
  siteAt,
  web,
} from "../rule-case";

const none: readonly FiringAlert[] = [];
const lastDump = "lifeboat_data_source_last_dump_timestamp_seconds";
const success = "lifeboat_data_source_last_run_success";
const copyTime = "lifeboat_data_source_copy_timestamp_seconds";

const failed: FiringAlert = {
  alert: "DumpFailed",
  severity: "critical",
  labels: { ...shop, ...scraped },
  summary: "The dump of shop in guest web (101) in prod failed",
  description:
    "The last run made no dump of shop that is proven, or was killed. The dumps from before are still there.",
};

const noDump = (duration: string): FiringAlert => ({
  alert: "DumpMissing",
  severity: "critical",
  labels: { ...shop, ...scraped },
  summary: "There is no dump of shop in guest web (101) in prod",
  description: `Not one whole dump of shop lies in web: none was ever made, or all are gone. For ${duration} none was seen.`,
});

const tooOld = (duration: string): FiringAlert => ({
  alert: "DumpTooOld",
  severity: "warning",
  labels: { ...shop, ...scraped },
  summary: "The newest dump of shop in guest web (101) in prod is too old",
  description: `For ${duration} there has been no new dump of shop, though its schedule wanted one.`,
});

const unseen: FiringAlert = {
  alert: "DataUnseen",
  severity: "warning",
  labels: { ...web, ...scraped },
  summary: "Guest web (101) in prod does not tell how its dumps are",
  description:
    "It runs, and whether its sources of data have their dumps is not known: web gives the exporter no report.",
};

const proofFailed: FiringAlert = {
  alert: "DumpProofFailed",
  severity: "warning",
  labels: { ...shop, ...scraped },
  summary: "The last drill could not prove the dumps of shop in guest web (101) in prod",
  description: "A dump of shop was restored into a throw-away, and is not what it should be: a restore may fail too.",
};

const proofTooOld = (duration: string): FiringAlert => ({
  alert: "DumpProofTooOld",
  severity: "warning",
  labels: { ...shop, ...scraped },
  summary: "The dumps of shop in guest web (101) in prod are unproven",
  description: `For ${duration} no drill has restored one of them.`,
});

const copyFailed: FiringAlert = {
  alert: "DumpCopyFailed",
  severity: "warning",
  labels: { ...web, ...scraped },
  summary: "Dumps of guest web (101) in prod cannot be copied elsewhere",
  description: "The last runs of the copies failed. The dumps lie in web alone: with the guest they would be lost.",
};

const copyTooOld = (duration: string): FiringAlert => ({
  alert: "DumpCopyTooOld",
  severity: "warning",
  labels: { ...shop, ...scraped },
  summary: "The newest copy elsewhere of shop of guest web (101) in prod is too old",
  description: `For ${duration} no newer dump of shop lies elsewhere. If web were lost now, what came after would be missing.`,
});

/** What a guest that does not tell has no series of. */
const silent = [
  sample("lifeboat_data_seen", web, 0),
  missing("lifeboat_data_source_dumps", shop),
  missing(lastDump, shop),
  missing(success, shop),
  missing("lifeboat_data_copies_success", web),
  missing(copyTime, shop),
];

const proofTime = "lifeboat_data_source_proof_timestamp_seconds";
const proven = "lifeboat_data_source_proof_success";
const oldProof = sample(proofTime, shop, ago(36 * day));
const oldDump = sample(lastDump, shop, ago(27 * hour));
const oldCopy = sample(copyTime, shop, ago(29 * hour));

export const dataCases: readonly RuleCase[] = [
  {
    about: "DumpProofFailed",
    title: "the last drill has not proven the dump, and is old besides: one alert",
    at: later,
    samples: site(sample(proven, shop, 0), oldProof),
    firing: [proofFailed],
  },
  {
    about: "DumpProofFailed",
    title: "no drill was ever held, and the settings ask for none",
    at: later,
    samples: site(
      missing(proven, shop),
      missing(proofTime, shop),
      missing("lifeboat_data_source_proof_max_age_seconds", shop),
    ),
    firing: none,
  },
  {
    about: "DumpProofTooOld",
    title: "the last drill was 36 days ago, and may be 35",
    at: later,
    samples: site(oldProof),
    firing: [proofTooOld("36d 0h 0m 0s")],
  },
  {
    about: "DumpProofTooOld",
    title: "the settings ask a query for a short while, and no drill was held yet",
    at: later,
    samples: site(missing(proven, shop), missing(proofTime, shop)),
    firing: none,
  },
  {
    about: "DumpFailed",
    title: "the last run failed, and with it nothing newer is copied: one alert",
    at: later,
    samples: site(sample(success, shop, 0), oldDump, oldCopy),
    firing: [failed],
  },
  { about: "DumpFailed", title: "one is at work", at: later, samples: site(missing(success, shop)), firing: none },
  {
    about: "DumpMissing",
    title: "none was ever made, for longer than its schedule explains",
    at: 5 * hour,
    samples: siteAt(
      5 * hour,
      missing(lastDump, shop),
      sample("lifeboat_data_source_dumps", shop, 0),
      sample("lifeboat_data_source_max_age_seconds", shop, 4 * hour),
    ),
    firing: [noDump("5h 0m 0s")],
  },
  {
    about: "DumpMissing",
    title: "all were removed: at once",
    at: later,
    samples: site(
      sample(lastDump, shop, `${String(ago(10 * hour))}+0x21 stale`),
      sample("lifeboat_data_source_dumps", shop, "9+0x21 0+0x3"),
    ),
    firing: [noDump("10h 0m 0s")],
  },
  {
    about: "DumpMissing",
    title: "a new source has none yet",
    at: later,
    samples: site(missing(lastDump, shop), sample("lifeboat_data_source_dumps", shop, 0)),
    firing: none,
  },
  {
    about: "DumpTooOld",
    title: "the newest is 27 hours old and may be 26; its copy too, which says nothing more",
    at: later,
    samples: site(oldDump, oldCopy),
    firing: [tooOld("1d 3h 0m 0s")],
  },
  {
    about: "DumpTooOld",
    title: "the guest was stopped, and its newest dump grew too old meanwhile",
    at: later,
    samples: site(
      missing("lifeboat_data_seen", web),
      sample(lastDump, shop, `${String(ago(26 * hour + 10 * minute))}+0x12 stale`),
    ),
    firing: [tooOld("1d 2h 10m 0s")],
  },
  {
    about: "DumpTooOld",
    title: "its timer is stopped on purpose",
    at: later,
    samples: site(
      sample(lastDump, shop, ago(90 * day)),
      missing("lifeboat_data_source_max_age_seconds", shop),
      missing("lifeboat_data_source_copy_max_age_seconds", shop),
    ),
    firing: none,
  },
  {
    about: "DataUnseen",
    title: "the guest gives no report: nothing is called missing",
    at: later,
    samples: site(...silent),
    firing: [unseen],
  },
  {
    about: "DataUnseen",
    title: "its dumps were too old before: nobody knows whether they still are",
    at: later,
    samples: site(...silent, sample(lastDump, shop, `${String(ago(30 * hour))}+0x2 stale`)),
    firing: [unseen],
  },
  {
    about: "DataUnseen",
    title: "the guest is started again",
    at: later,
    samples: site(sample("lifeboat_data_seen", web, "1+0x22 0+0x1")),
    firing: none,
  },
  {
    about: "DumpCopyFailed",
    title: "the runs of the copies fail: their age says nothing more",
    at: later,
    samples: site(sample("lifeboat_data_copies_success", web, 0), oldCopy),
    firing: [copyFailed],
  },
  {
    about: "DumpCopyFailed",
    title: "one run failed, as when the service was down for a moment",
    at: later,
    samples: site(sample("lifeboat_data_copies_success", web, "1+0x14 0+0x9")),
    firing: none,
  },
  {
    about: "DumpCopyTooOld",
    title: "the newest copy is 29 hours old, and may be 28",
    at: later,
    samples: site(oldCopy),
    firing: [copyTooOld("1d 5h 0m 0s")],
  },
  {
    about: "DumpCopyTooOld",
    title: "nothing is to be copied",
    at: later,
    samples: site(
      missing("lifeboat_data_copies_success", web),
      missing(copyTime, shop),
      missing("lifeboat_data_source_copy_max_age_seconds", shop),
    ),
    firing: none,
  },
];
