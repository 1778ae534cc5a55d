import { series } from "./promql";
import { lastKnown } from "./remembered";
import { alert, type Rules, value } from "./rule";

/** Whether the state of each environment's stack can be read, and has its copies. */
export const stateRules: Rules = ({ hold, memory }) => {
  const maxAge = series("lifeboat_state_copy_max_age_seconds");
  const copy = lastKnown({
    name: "lifeboat:state_copy_timestamp_seconds:last_known",
    moment: series("lifeboat_state_copy_timestamp_seconds"),
    of: maxAge.above(0),
    memory,
  });
  return [
    copy.rule,
    alert("StateUnreadable", {
      severity: "critical",
      when: series("lifeboat_state_readable").is(0),
      hold: hold.long,
      summary: (the) => `The state of ${the("environment")} cannot be read`,
      description: (the) =>
        `The store does not answer, or gives a state that is damaged. Until that is mended nobody can deploy ${the("environment")}; guests and their backups go on.`,
    }),
    alert("StateHistoryDamaged", {
      severity: "warning",
      when: series("lifeboat_state_restore_points_unreadable").above(0),
      hold: hold.long,
      summary: (the) => `Earlier states of ${the("environment")} cannot be read`,
      description: () => `${value.number} restore points cannot be read.`,
    }),
    alert("StateCopyTooOld", {
      severity: "warning",
      when: copy.series.elapsed().above(maxAge),
      summary: (the) => `The ${the("kind")} copy of the state of ${the("environment")} is too old`,
      description: () =>
        `For ${value.duration} no newer copy has been seen. If the store were lost now, what came after would be missing.`,
    }),
    alert("StateFallback", {
      severity: "warning",
      when: series("lifeboat_state_fallback").is(1),
      hold: hold.run,
      summary: (the) => `The state of ${the("environment")} lives outside of the state store`,
      description: () =>
        "A fallback is in force: somebody works on one machine with a copy, which the store's copies do not hold.",
    }),
  ];
};
