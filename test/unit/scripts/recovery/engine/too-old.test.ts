import { Journal } from "../../../../../scripts/recovery/engine/journal";
import { journalVersion } from "../../../../../scripts/recovery/engine/journal-contents";
import { ageTrouble, whyTooOld } from "../../../../../scripts/recovery/engine/too-old";
import { formatInstant } from "../../../../../scripts/terminal/durations";

function begun(secondsAgo: number): Journal {
  const startedAt = new Date(Date.now() - secondsAgo * 1_000).toISOString();
  const texts = { command: "lifeboat backup web", request: {}, inputs: {}, plan: {}, steps: {} };
  return Journal.planned("/nowhere/101-1.json", {
    ...texts,
    version: journalVersion,
    id: "101-1",
    kind: "backup-guest",
    state: "open",
    startedAt,
    updatedAt: startedAt,
  });
}

test("what was begun within the limit is resumed; what is older is not, and that is said [K4]", () => {
  expect(whyTooOld(begun(3_500), 3_600)).toBeUndefined();
  const journal = begun(3_700);
  expect(whyTooOld(journal, 3_600)).toBe(
    `What was begun at ${formatInstant(journal.contents.startedAt)} is not resumed: it is older than 1 h.`,
  );
});

test("a clock that was set back tells no age: what it says is later than now is not believed either [K4]", () => {
  expect(ageTrouble(begun(-60), 3_600)).toBe("it was begun later than this machine's clock says");
});
