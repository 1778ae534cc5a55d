import { labelsOf } from "../../../support/monitoring/promql-labels";

const catalogue = {
  age: { labels: ["environment", "guest"] },
  limit: { labels: ["environment", "guest"] },
  up: { labels: ["environment"] },
};
const labels = (expression: string) => [...labelsOf(expression, catalogue)].toSorted();

test.each<[string, string[]]>([
  ["age", ["environment", "guest"]],
  ['age{guest=~"a.*"} offset 5m', ["environment", "guest"]],
  ["time() - age", ["environment", "guest"]],
  ["age / limit > 1", ["environment", "guest"]],
  ["max by (guest) (age)", ["guest"]],
  ["sum without (guest) (rate(age[5m]))", ["environment"]],
  ["count(age) or vector(0)", []],
  ["age * on (environment) group_left () up", ["environment", "guest"]],
  ["age - ignoring (guest) up", ["environment"]],
  ["age unless on () (up == 0)", ["environment", "guest"]],
  ["topk(3, age)", ["environment", "guest"]],
  ["1 + 1", []],
])("%s has the labels %p [C4]", (expression, expected) => expect(labels(expression)).toEqual(expected));

test.each<[string, string]>([
  ["agee", "There is no metric agee"],
  ["toString", "There is no metric toString"],
  ['age{gast="a"}', "No label gast of age"],
  ["max by (gast) (age)", "No label gast of max by"],
  ["age / up", "The sides never meet"],
  ["age and up", "The sides never meet"],
  ["age * on (guest) up", "No label guest of the right side"],
  ["max by (guest) (age) / limit", "The sides never meet"],
  ["age +", "No PromQL"],
  ["max(age", "No PromQL"],
  ['label_replace(age, "a", "b", "guest", "c")', "label_replace is not read here"],
])("%s is refused: %s [C4]", (expression, reason) => expect(() => labels(expression)).toThrow(reason));
