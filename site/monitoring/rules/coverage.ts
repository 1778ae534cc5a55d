import { series, type Vector } from "./promql";
import { lastKnown } from "./remembered";
import { alert, type Rules, value } from "./rule";

/** What no backup covers, and whether backups were proven. */
export const coverageRules: Rules = ({ hold, memory, optOut }) => {
  const proof = lastKnown({
    name: "lifeboat:guest_proof_timestamp_seconds:last_known",
    moment: series("lifeboat_guest_proof_timestamp_seconds"),
    of: series("lifeboat_guest_proof_max_age_seconds").above(0),
    memory,
  });
  const failed = series("lifeboat_guest_proof_success").is(0);
  return [
    proof.rule,
    alert("GuestNotCovered", {
      severity: "warning",
      when: series("lifeboat_guest_not_covered").is(1),
      hold: hold.long,
      summary: (the) => `Guest ${the("guest")} (${the("id")}) in ${the("environment")} is in no backup`,
      description: (the) =>
        `No backup job has ${the("guest")}: somebody made it by hand, or no update has come to the job since the settings name it.`,
    }),
    alert("DiskNotCovered", {
      severity: "warning",
      when: series("lifeboat_disk_not_covered").is(1),
      hold: hold.long,
      summary: (the) =>
        `Disk ${the("disk")} of guest ${the("guest")} (${the("id")}) in ${the("environment")} is in no backup`,
      description: (the) => `Backups of ${the("guest")} leave the disk out, and no opt-out in the settings says why.`,
    }),
    alert("GuestOptOutNearItsEnd", {
      severity: "warning",
      when: near(series("lifeboat_guest_opt_out_until_timestamp_seconds"), optOut),
      summary: (the) => `The opt-out of guest ${the("guest")} (${the("id")}) in ${the("environment")} ends soon`,
      description: () => `Its last day ends in ${value.duration}. After it pulumi up refuses to go on.`,
    }),
    alert("DiskOptOutNearItsEnd", {
      severity: "warning",
      when: near(series("lifeboat_disk_opt_out_until_timestamp_seconds"), optOut),
      summary: (the) =>
        `The opt-out of disk ${the("disk")} of guest ${the("guest")} (${the("id")}) in ${the("environment")} ends soon`,
      description: () => `Its last day ends in ${value.duration}. After it pulumi up refuses to go on.`,
    }),
    alert("ProofFailed", {
      severity: "warning",
      when: failed,
      summary: (the) => `The last drill could not prove guest ${the("guest")} (${the("id")}) in ${the("environment")}`,
      description: (the) =>
        `A copy of ${the("guest")} was restored from its backup, and failed: a restore may fail too.`,
    }),
    alert("ProofTooOld", {
      severity: "warning",
      when: proof.series
        .elapsed()
        .above(series("lifeboat_guest_proof_max_age_seconds"))
        .and(series("lifeboat_guest_archives_seen").is(1))
        .unless(failed),
      summary: (the) => `The backups of guest ${the("guest")} (${the("id")}) in ${the("environment")} are unproven`,
      description: () => `For ${value.duration} no drill has restored a copy of it.`,
    }),
  ];
};

function near<Label extends string>(until: Vector<Label>, seconds: number): Vector<Label> {
  return until.remaining().below(seconds);
}
