import type { Acknowledgement, HazardName, PolicyName } from "./environment";
import { at, checked, type Finding, mapping, oneOf, optional, value } from "./schema-tools";
import { parseDay } from "./values/days";
import { durationFormat, parseDuration } from "./values/durations";
import { guestName, sentence } from "./values/names";

const policyNames = ["coverage", "objectives"] as const satisfies readonly PolicyName[];

/** Every hazard that can be acknowledged. */
const hazardNames = [
  "own-node",
  "own-storage",
  "shared-ids",
  "two-retentions",
  "retention-cut",
  "firewall-off",
  "unchecked",
] as const satisfies readonly HazardName[];

const objective = optional(value("a duration", `${durationFormat}, at least 1m`, parseObjective));
const day = value("a day", "a day such as 2027-06-30", parseDay);

/** `lifeboat:objectives`, and the key `objectives` of a guest. */
export const objectivesSchema = mapping({
  /**
   * How much work may be lost. `pulumi preview` fails when the schedule cannot keep to it. Default by profile: prod and
   * monitoring 26h, lab 7d 2h.
   */
  rpo: objective,
  /**
   * How long a restore may take: every report of a restore compares, and `lifeboat recover` begins with the shortest. Default: not
   * judged.
   */
  rto: objective,
});

/** An entry of `lifeboat:suspend`. */
export const suspensionSchema = mapping({
  /** Policy that counts for nothing meanwhile. */
  policy: oneOf("a policy", policyNames),
  /** What the emergency is. */
  reason: sentence,
  /** Who answers for it. */
  owner: sentence,
  /** Last day. Every preview shows it until then; afterwards it has no effect. */
  until: day,
});

/** An entry of `lifeboat:acknowledge`. */
export const acknowledgementSchema = checked(
  mapping({
    /** Hazard that is accepted. */
    hazard: oneOf("a hazard", hazardNames),
    /** Guest for which it is accepted, by its name here. Default: every guest; `unchecked` needs a name. */
    guest: optional(guestName),
    /** Why it can be lived with. */
    reason: sentence,
    /** Who answers for that. */
    owner: sentence,
    /** Last day on which it is accepted. */
    until: day,
  }),
  byName,
).transform((entry): Acknowledgement => entry);

/** That a guest may be made although nobody could look whether it is there is accepted for one guest at a time (A15). */
function byName(raw: unknown): Finding[] {
  if (at(raw, "hazard") !== "unchecked" || at(raw, "guest") !== undefined) return [];
  return [{ path: ["guest"], message: "'unchecked' is accepted for one guest only", allowed: "the guest's name" }];
}

function parseObjective(raw: unknown): number | undefined {
  const seconds = parseDuration(raw);
  return seconds === undefined || seconds < 60 ? undefined : seconds;
}
