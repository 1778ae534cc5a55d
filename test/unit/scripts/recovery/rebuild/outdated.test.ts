import type { JournalContents, StepRecord } from "../../../../../scripts/recovery/engine/journal-contents";
import { outdatedRebuild } from "../../../../../scripts/recovery/rebuild/outdated";

const done: StepRecord = { state: "done", startedAt: "2026-11-21T10:00:00Z", facts: {}, findings: [] };

const copy = (sha256: string) => ({ object: "o", sha256, duringUpdate: false, points: 1 });

/** A rebuild that was killed after some of its steps. */
function killed(plan: { readonly exists: boolean; readonly answers: boolean }, ...steps: readonly string[]) {
  const contents: JournalContents = {
    version: 1,
    id: "1",
    kind: "rebuild-state-store",
    command: "lifeboat rebuild state-store",
    request: {},
    state: "open",
    startedAt: "2026-11-21T10:00:00Z",
    updatedAt: "2026-11-21T10:00:00Z",
    inputs: {},
    steps: {},
    plan: {
      owner: "monitoring",
      endpoint: "https://192.0.2.132:9000",
      kind: "container",
      guest: { name: "store", id: 302, exists: plan.exists },
      answers: plan.answers,
      from: "/copies",
      keys: [],
      environments: [
        { name: "monitoring", local: false, stored: false, copy: copy("m") },
        { name: "prod", local: false, stored: false, copy: copy("p") },
      ],
    },
  };
  return { contents, record: (path: string) => (steps.includes(path) ? done : undefined) };
}

const copies = { monitoring: "m", prod: "p" };
const there = { exists: true, answers: false, copies };
const answers = { exists: true, answers: true, copies };
const gone = { exists: false, answers: false, copies };
const newer = { ...there, copies: { ...copies, prod: "newer" } };

test.each([
  [
    "a broken container that was removed since",
    killed(there, "container/refresh"),
    gone,
    /store \(302\) is gone since/u,
  ],
  ["one that was made, and removed before it answered", killed(gone, "container/up"), gone, /is gone since/u],
  ["a store that answered, and is away again", killed(answers, "content"), there, /does not answer any more/u],
  ["one that answered once it was made", killed(gone, "container/up", "container/wait"), there, /does not answer/u],
  [
    "a store that answers again before anything was done",
    killed(there, "local", "container/refresh"),
    answers,
    /answers again/u,
  ],
  ["a store that answers because it was made", killed(there, "local", "container/up"), answers, undefined],
  ["a copy that is newer", killed(there, "local"), newer, /the copy of prod is another one now/u],
  [
    "a copy that is gone",
    killed(there, "local"),
    { ...there, copies: { monitoring: "m" } },
    /copy of prod is another/u,
  ],
  ["a copy that was brought back already", killed(there, "local", "push-prod"), newer, undefined],
  ["a container that is as it was", killed(there, "container/refresh"), there, undefined],
  ["one that is being made", killed(gone, "container/refresh"), gone, undefined],
  ["one that was made", killed(gone, "container/up"), there, undefined],
])("%s: whether a rebuild is planned anew [F1, K4]", (_case, open, now, expected) => {
  const why = outdatedRebuild(open, now);
  if (expected === undefined) expect(why).toBeUndefined();
  else expect(why).toMatch(expected);
});
