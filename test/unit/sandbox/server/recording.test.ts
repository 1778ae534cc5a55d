import { comparePrivileges } from "../../../sandbox/recording";

function recording(...labels: readonly (string | null)[]): string {
  return labels.map((label) => JSON.stringify({ label, status: 200 })).join("\n");
}

describe("exchanges about privileges", () => {
  const text = recording(
    "create VM: option and missing privilege",
    null,
    "right on the pool alone",
    "a full token may set",
  );

  test("are those whose label says so, with all that belongs to the scenario", () => {
    expect(comparePrivileges(text, [])).toMatchObject({ total: 3, differing: 0 });
  });

  test("are refusals as well, whatever their label", () => {
    const refusal = JSON.stringify({ label: "clone", status: 403 });
    expect(comparePrivileges(`${text}\n${refusal}\n`, [{ line: 5 }])).toMatchObject({ total: 4, differing: 1 });
  });

  test("count once, however many differences one has; others do not count", () => {
    const found = comparePrivileges(text, [{ line: 1 }, { line: 1 }, { line: 2 }, { line: 4 }]);
    expect(found).toMatchObject({ total: 3, differing: 2 });
    expect([1, 2, 3, 4].filter((line) => found.isOne({ line }))).toEqual([1, 3, 4]);
  });
});
