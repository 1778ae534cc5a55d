import { exporterJob } from "../scrape";
import { series, Vector } from "./promql";
import { alert, listOf, listRising, type Rules, unlessAlerting, value } from "./rule";

/** Whether all that is watched can be seen: where it cannot, no other alert says anything. */
export const exporterRules: Rules = ({ hold, lookAge, clockDifference, certificate, unfinished }) => {
  const targets = new Vector(`up{job="${exporterJob}"}`, ["instance", "job"], true);
  const up = series("lifeboat_environment_up");
  const lost = series("lifeboat_permission_missing").is(1);
  return [
    alert("ExporterSilent", {
      severity: "warning",
      // A target that is down tells its address; where there is none, or one without environments, nobody does.
      when: targets.is(0).orElse(up.absent()),
      hold: hold.short,
      summary: (the) => `Lifeboat's exporter ${the("instance")} is silent`,
      description: () => "Nothing is known about backups and states. No other alert tells of them meanwhile.",
    }),
    alert("EnvironmentUnreachable", {
      severity: "warning",
      when: up.is(0),
      hold: hold.long,
      summary: (the) => `${the("environment")} cannot be looked at`,
      description: (the) =>
        `Nothing is known about the backups of ${the("environment")}. Why the last looks failed: ${listRising("lifeboat_look_errors_total", "kind")}.`,
    }),
    alert("PermissionLost", {
      severity: "warning",
      when: lost.countByEnvironment(),
      hold: hold.short,
      summary: (the) => `The exporter's token may not see everything in ${the("environment")}`,
      description: () => `It lacks ${listOf("lifeboat_permission_missing", 1, "privilege", "path")}.`,
    }),
    alert("LookTooOld", {
      severity: "warning",
      when: series("lifeboat_look_timestamp_seconds")
        .elapsed()
        // A site may let it look less often.
        .above(series("lifeboat_look_interval_seconds").times(3).atLeast(lookAge))
        .unless(up.is(0)),
      hold: hold.short,
      summary: (the) => `What is known about ${the("environment")} is too old`,
      description: () => `The exporter answers, and its last look that succeeded ended ${value.duration} ago.`,
    }),
    // Since it was started no look has succeeded, so that nothing has an age.
    alert("NeverLooked", {
      severity: "warning",
      when: series("lifeboat_look_interval_seconds")
        .unless(series("lifeboat_look_timestamp_seconds"))
        .unless(up.is(0))
        .unless(lost, ["environment"]),
      hold: hold.first,
      summary: (the) => `The exporter has not yet seen ${the("environment")}`,
      description: (the) =>
        `The exporter answers, and no look at ${the("environment")} has succeeded since it was started: nothing is known about its backups.`,
    }),
    alert("ArchivesUnseen", {
      severity: "warning",
      when: series("lifeboat_guest_archives_seen")
        .is(0)
        .unless(lost, ["environment"])
        .unless(up.is(0), ["environment"])
        .unless(series("lifeboat_storage_active").is(0), ["environment"])
        .countByEnvironment(),
      hold: hold.long,
      summary: (the) => `Not all archives of ${the("environment")} can be seen`,
      description: () =>
        `Whether these guests have their backups is not known: ${listOf("lifeboat_guest_archives_seen", 0, "guest")}.`,
    }),
    // Otherwise a backup that fails would be heard of only when the next is missing.
    alert("BackupRunsUnseen", {
      severity: "warning",
      when: unlessAlerting(
        series("lifeboat_job_runs_seen").is(0).unless(lost, ["environment"]).unless(up.is(0), ["environment"]),
        ["environment"],
        "ArchivesUnseen",
      ),
      hold: hold.long,
      summary: (the) => `The runs of backup job ${the("backup_job")} of ${the("environment")} cannot be seen`,
      description: (the) =>
        `A node of ${the("environment")} does not tell which tasks it had: whether its backups fail is not known.`,
    }),
    alert("ClocksDiffer", {
      severity: "warning",
      when: series("lifeboat_clock_difference_seconds").absolute().above(clockDifference),
      hold: hold.long,
      summary: (the) => `The clocks of ${the("environment")} and of the exporter differ`,
      description: () => `They are ${value.duration} apart: ages of backups are wrong by as much.`,
    }),
    alert("OperationUnfinished", {
      severity: "warning",
      when: series("lifeboat_unfinished_operation_timestamp_seconds").elapsed().above(unfinished),
      summary: (the) => `A ${the("kind")} of ${the("guest")} in ${the("environment")} is half done`,
      description: () => `It began ${value.duration} ago, and was neither ended nor given up.`,
    }),
    alert("CertificateNearItsEnd", {
      severity: "warning",
      when: series("lifeboat_certificate_end_timestamp_seconds").remaining().below(certificate),
      hold: hold.run,
      summary: (the) => `The certificate of ${the("subject")} in ${the("environment")} ends soon`,
      description: (the) => `It ends in ${value.duration}. After that nobody trusts ${the("subject")}.`,
    }),
  ];
};
