import { byUrgency } from "../../../../../scripts/recovery/recover/by-urgency";

const guest = (name: string, rto?: number, needs: readonly string[] = []) => ({
  name,
  needs,
  objectives: { rpo: 3_600, ...(rto === undefined ? {} : { rto }) },
});

test.each([
  ["nothing is promised: as the settings have them", [guest("a"), guest("b"), guest("c")], "a b c"],
  ["the shorter may be gone, the earlier", [guest("a"), guest("b", 600), guest("c", 60), guest("d", 600)], "c b d a"],
  [
    "what is needed is as urgent, along a chain in any order",
    [guest("disk"), guest("idle", 300), guest("db", 7_200, ["disk"]), guest("shop", 60, ["db"])],
    "disk db shop idle",
  ],
  ["what is not asked for is passed over", [guest("a", 60, ["left"]), guest("b", 30)], "b a"],
])("guests in the order in which they come back: %s [H1]", (_, guests, expected) => {
  expect(byUrgency(guests).map(({ name }) => name)).toEqual(expected.split(" "));
});
