import { stateSamples } from "../../../../../scripts/inspect/exporter/state-samples";
import type { StateLook } from "../../../../../scripts/inspect/exporter/state-look";

const day = 86_400;
const copy = { kind: "offsite", place: "s3", by: "timer", duringUpdate: false, isOlder: false } as const;

function look(trouble: string | undefined, hasOffsiteKey: boolean): StateLook {
  const time = trouble === undefined ? 1_790_000_000_000 : undefined;
  return {
    status: {
      lives: "store",
      place: "https://192.0.2.132:9000",
      modified: 1_790_000_000_000,
      trouble: undefined,
      damage: undefined,
      objectLock: true,
      copies: [{ ...copy, time, trouble }],
    },
    points: { count: 3, unreadable: 0 },
    hasOffsiteKey,
  };
}

function maxAge(state: StateLook): readonly number[] {
  const samples = stateSamples("prod", { state, copyGap: day });
  return samples.filter(({ name }) => name === "lifeboat_state_copy_max_age_seconds").map(({ value }) => value);
}

test("how old a copy may be is told also while nobody can look at it: otherwise it grew too old unheard [C2]", () => {
  expect(maxAge(look(undefined, true))).toEqual([day + 3_600]);
  expect(maxAge(look("the second S3 service does not answer", true))).toEqual([day + 3_600]);
});

test("of a copy to which the exporter has no key nothing is asked [C2]", () => {
  expect(maxAge(look("the key of the second S3 service is not set", false))).toEqual([]);
});
