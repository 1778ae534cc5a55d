import { parser } from "@prometheus-io/lezer-promql";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

/** Labels of each metric that a query may use. */
export type Catalogue = Readonly<Record<string, { readonly labels: readonly string[] }>>;

/** What an expression gives: a number, or series with these labels. */
type Result = "number" | ReadonlySet<string>;

/** Functions that give a number, or a series without labels, whatever they are given. */
const withoutLabels = new Set(["time", "vector", "scalar", "absent", "absent_over_time"]);

/** Functions that make labels: nothing that is asked here needs them. */
const makesLabels = new Set(["label_replace", "label_join", "info"]);

const expressions = new Set([
  "AggregateExpr",
  "BinaryExpr",
  "FunctionCall",
  "MatrixSelector",
  "NumberDurationLiteral",
  "OffsetExpr",
  "ParenExpr",
  "StepInvariantExpr",
  "StringLiteral",
  "SubqueryExpr",
  "UnaryExpr",
  "VectorSelector",
]);

/**
 * Labels of the series that a PromQL expression gives; none for a number. Read by the grammar of Prometheus' own editor, so that
 * every metric and label of it is held against the catalogue: also the labels by which it joins, where a label that one side lacks
 * means that no series ever meets another.
 *
 * @throws naming what is not in the catalogue, or does not fit.
 */
export function labelsOf(expression: string, catalogue: Catalogue): ReadonlySet<string> {
  const tree = parser.parse(expression);
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) throw new Error(`No PromQL at ${from}: ${expression}`);
    },
  });
  const result = new Reader(expression, catalogue).read(theOnly(tree.topNode));
  return result === "number" ? new Set() : result;
}

class Reader {
  constructor(
    private readonly text: string,
    private readonly catalogue: Catalogue,
  ) {}

  read(node: SyntaxNode): Result {
    switch (node.name) {
      case "VectorSelector":
        return this.selector(node);
      case "FunctionCall":
        return this.call(node);
      case "AggregateExpr":
        return this.aggregation(node);
      case "BinaryExpr":
        return this.binary(node);
      case "NumberDurationLiteral":
      case "StringLiteral":
        return "number";
      default:
        return this.read(theOnly(node));
    }
  }

  private selector(node: SyntaxNode): Result {
    const name = this.textOf(node.getChild("Identifier") ?? node);
    const metric = Object.hasOwn(this.catalogue, name) ? this.catalogue[name] : undefined;
    if (!metric) throw new Error(`There is no metric ${name}: ${this.text}`);
    const labels = new Set(metric.labels);
    const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
    for (const matcher of matchers) this.require(this.names(matcher), labels, name);
    return labels;
  }

  private call(node: SyntaxNode): Result {
    const name = this.textOf(node.getChild("FunctionIdentifier") ?? node);
    if (makesLabels.has(name)) throw new Error(`${name} is not read here: ${this.text}`);
    const given = childExpressions(node.getChild("FunctionCallBody")).map((argument) => this.read(argument));
    if (withoutLabels.has(name)) return name === "time" || name === "scalar" ? "number" : new Set();
    return given.find((result) => result !== "number") ?? "number";
  }

  private aggregation(node: SyntaxNode): Result {
    const [inner] = childExpressions(node.getChild("FunctionCallBody")).slice(-1);
    const labels = inner ? this.read(inner) : "number";
    if (labels === "number") throw new Error(`Nothing to aggregate: ${this.text}`);
    // They choose among series and change none.
    if (/^(?:topk|bottomk)\b/.test(this.textOf(node))) return labels;
    const modifier = node.getChild("AggregateModifier");
    if (!modifier) return new Set();
    const named = this.names(modifier.getChild("GroupingLabels") ?? modifier);
    this.require(named, labels, this.textOf(node));
    return modifier.getChild("Without") ? without(labels, named) : new Set(named);
  }

  private binary(node: SyntaxNode): Result {
    const [left, right] = childExpressions(node).map((side) => this.read(side));
    if (left === undefined || right === undefined) throw new Error(`One side is missing: ${this.text}`);
    if (left === "number") return right;
    if (right === "number") return left;
    if (node.getChild("Or")) return union(left, right);
    const clause = node.getChild("MatchingModifierClause");
    const isFilter = Boolean(node.getChild("And") ?? node.getChild("Unless"));
    return clause ? this.joined(clause, left, right, isFilter) : this.matched(left, right);
  }

  /** Without a clause all labels have to be the same. */
  private matched(left: ReadonlySet<string>, right: ReadonlySet<string>): Result {
    if (without(left, right).size + without(right, left).size > 0) {
      throw new Error(`The sides never meet, with {${[...left]}} and {${[...right]}}: ${this.text}`);
    }
    return left;
  }

  private joined(clause: SyntaxNode, left: ReadonlySet<string>, right: ReadonlySet<string>, isFilter: boolean): Result {
    const [named = [], included = []] = clause.getChildren("GroupingLabels").map((labels) => this.names(labels));
    if (clause.getChild("On")) {
      this.require(named, left, "the left side");
      this.require(named, right, "the right side");
    } else {
      this.matched(without(left, named), without(right, named));
    }
    if (isFilter) return left;
    if (clause.getChild("GroupLeft")) return union(left, included);
    if (clause.getChild("GroupRight")) return union(right, included);
    return clause.getChild("On") ? new Set(named) : without(left, named);
  }

  private names(node: SyntaxNode): string[] {
    return node.getChildren("LabelName").map((label) => this.textOf(label));
  }

  private require(named: readonly string[], labels: ReadonlySet<string>, where: string): void {
    const missing = named.filter((label) => !labels.has(label));
    if (missing.length > 0) throw new Error(`No label ${missing.join(", ")} of ${where}: ${this.text}`);
  }

  private textOf({ from, to }: SyntaxNode): string {
    return this.text.slice(from, to);
  }
}

function childExpressions(node: SyntaxNode | null): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child; child = child.nextSibling) {
    if (expressions.has(child.name)) found.push(child);
  }
  return found;
}

function theOnly(node: SyntaxNode): SyntaxNode {
  const [inner] = childExpressions(node);
  if (!inner) throw new Error(`${node.name} is not read here`);
  return inner;
}

function union(one: ReadonlySet<string>, other: Iterable<string>): ReadonlySet<string> {
  return new Set([...one, ...other]);
}

function without(labels: ReadonlySet<string>, named: Iterable<string>): ReadonlySet<string> {
  const out = new Set(named);
  return new Set([...labels].filter((label) => !out.has(label)));
}
