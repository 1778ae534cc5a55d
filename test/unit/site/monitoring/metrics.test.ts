import { metrics } from "../../../../site/monitoring/metrics";

const all = Object.entries(metrics);

describe("the catalogue of metrics", () => {
  test.each(all)("%s is named as Prometheus wants it: a prefix, small letters, a base unit at its end [C2]", (name) => {
    expect(name).toMatch(/^lifeboat(?:_[a-z]+)+$/u);
    expect(name).not.toMatch(/_(?:milliseconds|minutes|hours|days|percent|kilobytes|megabytes|gigabytes)$/u);
  });

  test.each(all)("%s ends in `_total` if and only if it counts, and says what it means [C2]", (name, metric) => {
    expect(name.endsWith("_total")).toBe(metric.type === "counter");
    expect(metric.help).toMatch(/^\S.*\.$/u);
  });

  test.each(all)("%s has labels that Prometheus does not keep for itself, each once [C2]", (_name, { labels }) => {
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels) {
      expect(label).toMatch(/^[a-z]+(?:_[a-z]+)*$/u);
      // A scrape renames those to `exported_…`, so that rules would look at the scrape's own.
      expect(["instance", "job"]).not.toContain(label);
    }
  });
});
