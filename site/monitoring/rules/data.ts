import { series } from "./promql";
import { lastKnown, latestEver } from "./remembered";
import { alert, type Rules, unlessAlerting, value } from "./rule";

const guest = ["environment", "guest", "id"] as const;
const source = [...guest, "source"] as const;

/** Of a guest that does not tell nothing is said: another alert says that. One that does not run has no such series. */
const unseen = series("lifeboat_data_seen").is(0);

/** Whether every source of data in guests has its dumps, and its copies elsewhere. One fault has one alert: the first in this order. */
export const dataRules: Rules = ({ hold, memory }) => {
  const maxAge = series("lifeboat_data_source_max_age_seconds");
  const made = series("lifeboat_data_source_last_dump_timestamp_seconds");
  const none = series("lifeboat_data_source_dumps").is(0);
  const newest = lastKnown({
    name: "lifeboat:data_source_last_dump_timestamp_seconds:last_known",
    moment: made,
    of: maxAge.above(0),
    memory,
  });
  const latest = latestEver({
    name: "lifeboat:data_source_last_dump_timestamp_seconds:latest",
    moment: made,
    of: maxAge.above(0),
    memory,
  });
  const mayBe = series("lifeboat_data_source_copy_max_age_seconds");
  const copied = lastKnown({
    name: "lifeboat:data_source_copy_timestamp_seconds:last_known",
    moment: series("lifeboat_data_source_copy_timestamp_seconds"),
    of: mayBe.above(0),
    memory,
  });
  const proof = lastKnown({
    name: "lifeboat:data_source_proof_timestamp_seconds:last_known",
    moment: series("lifeboat_data_source_proof_timestamp_seconds"),
    of: series("lifeboat_data_source_proof_max_age_seconds").above(0),
    memory,
  });
  const unproven = series("lifeboat_data_source_proof_success").is(0);
  const late = newest.series.elapsed().above(maxAge).unless(unseen, guest);
  return [
    newest.rule,
    latest.rule,
    copied.rule,
    proof.rule,
    alert("DumpFailed", {
      severity: "critical",
      when: series("lifeboat_data_source_last_run_success").is(0),
      summary: (the) =>
        `The dump of ${the("source")} in guest ${the("guest")} (${the("id")}) in ${the("environment")} failed`,
      description: (the) =>
        `The last run made no dump of ${the("source")} that is proven, or was killed. The dumps from before are still there.`,
    }),
    alert("DumpMissing", {
      severity: "critical",
      when: unlessAlerting(
        // At once where there was one: somebody has removed them, or their disk is not mounted.
        late.and(none).or(latest.series.elapsed().and(none)),
        source,
        "DumpFailed",
      ),
      summary: (the) =>
        `There is no dump of ${the("source")} in guest ${the("guest")} (${the("id")}) in ${the("environment")}`,
      description: (the) =>
        `Not one whole dump of ${the("source")} lies in ${the("guest")}: none was ever made, or all are gone. For ${value.duration} none was seen.`,
    }),
    alert("DumpTooOld", {
      severity: "warning",
      when: unlessAlerting(late, source, "DumpFailed", "DumpMissing"),
      summary: (the) =>
        `The newest dump of ${the("source")} in guest ${the("guest")} (${the("id")}) in ${the("environment")} is too old`,
      description: (the) =>
        `For ${value.duration} there has been no new dump of ${the("source")}, though its schedule wanted one.`,
    }),
    alert("DumpProofFailed", {
      severity: "warning",
      when: unproven,
      summary: (the) =>
        `The last drill could not prove the dumps of ${the("source")} in guest ${the("guest")} (${the("id")}) in ${the("environment")}`,
      description: (the) =>
        `A dump of ${the("source")} was restored into a throw-away, and is not what it should be: a restore may fail too.`,
    }),
    alert("DumpProofTooOld", {
      severity: "warning",
      when: proof.series
        .elapsed()
        .above(series("lifeboat_data_source_proof_max_age_seconds"))
        .unless(unseen, guest)
        .unless(unproven),
      summary: (the) =>
        `The dumps of ${the("source")} in guest ${the("guest")} (${the("id")}) in ${the("environment")} are unproven`,
      description: () => `For ${value.duration} no drill has restored one of them.`,
    }),
    alert("DataUnseen", {
      severity: "warning",
      when: unseen,
      hold: hold.long,
      summary: (the) => `Guest ${the("guest")} (${the("id")}) in ${the("environment")} does not tell how its dumps are`,
      description: (the) =>
        `It runs, and whether its sources of data have their dumps is not known: ${the("guest")} gives the exporter no report.`,
    }),
    alert("DumpCopyFailed", {
      severity: "warning",
      when: series("lifeboat_data_copies_success").is(0).unless(unseen, guest),
      hold: hold.run,
      summary: (the) =>
        `Dumps of guest ${the("guest")} (${the("id")}) in ${the("environment")} cannot be copied elsewhere`,
      description: (the) =>
        `The last runs of the copies failed. The dumps lie in ${the("guest")} alone: with the guest they would be lost.`,
    }),
    alert("DumpCopyTooOld", {
      severity: "warning",
      when: unlessAlerting(
        unlessAlerting(
          copied.series.elapsed().above(mayBe).unless(unseen, guest),
          source,
          "DumpFailed",
          "DumpMissing",
          "DumpTooOld",
        ),
        guest,
        "DumpCopyFailed",
      ),
      summary: (the) =>
        `The newest copy elsewhere of ${the("source")} of guest ${the("guest")} (${the("id")}) in ${the("environment")} is too old`,
      description: (the) =>
        `For ${value.duration} no newer dump of ${the("source")} lies elsewhere. If ${the("guest")} were lost now, what came after would be missing.`,
    }),
  ];
};
