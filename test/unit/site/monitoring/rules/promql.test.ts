import { series } from "../../../../../site/monitoring/rules/promql";
import { alert, value } from "../../../../../site/monitoring/rules/rule";

const failed = series("lifeboat_guest_backup_failed");
const used = series("lifeboat_storage_used_bytes");

test("an expression is what was asked for, with brackets where Prometheus needs them [C3]", () => {
  const expected = series("lifeboat_guest_backup_expected").is(1);
  expect(failed.is(1).unless(expected).promql).toBe(
    "(lifeboat_guest_backup_failed == 1) unless (lifeboat_guest_backup_expected == 1)",
  );
  expect(used.dividedBy(series("lifeboat_storage_size_bytes")).above(0.8).promql).toBe(
    "(lifeboat_storage_used_bytes / lifeboat_storage_size_bytes) > 0.8",
  );
  expect(failed.is(1).and(series("lifeboat_environment_up"), ["environment"]).promql).toBe(
    "(lifeboat_guest_backup_failed == 1) and on (environment) lifeboat_environment_up",
  );
});

test("a metric or a label that the catalogue does not have does not compile [C3]", () => {
  // @ts-expect-error -- the catalogue has no such metric
  expect(() => series("lifeboat_guest_backup_faild")).toThrow(TypeError);
  // @ts-expect-error -- a storage has no guest
  expect(failed.and(used, ["guest"]).promql).toContain("on (guest)");
  const wrong = alert("Wrong", {
    severity: "warning",
    when: used,
    summary: (the) => the("storage"),
    // @ts-expect-error -- a storage has no guest
    description: (the) => `${the("guest")}: ${value.share}`,
  });
  expect(wrong.summary).toBe("{{ $labels.storage }}");
});

test("sides whose labels differ are refused: Prometheus would match nothing, and say nothing [C3]", () => {
  const wide = series("lifeboat_guest_info");
  expect(() => wide.unless(series("lifeboat_environment_up"))).toThrow(
    "'lifeboat_guest_info' has environment, guest, id, node, type, 'lifeboat_environment_up' has environment",
  );
  // @ts-expect-error -- a storage is no guest
  expect(() => used.above(series("lifeboat_guest_rpo_seconds"))).toThrow(RangeError);
  expect(() => failed.aboveThatOf(series("lifeboat_build_info"))).toThrow("'lifeboat_build_info' has no environment");
});
