import { type LabelOf, type MetricName, metrics } from "../metrics";

/**
 * An expression of Prometheus' language, with the labels by which its series differ. A name or a label that the catalogue does
 * not have does not compile; two sides whose labels differ are refused when the rules are made, as Prometheus would match nothing
 * and say nothing.
 */
export class Vector<Label extends string> {
  readonly #isOne: boolean;

  /** @param isOne a name or a call, which needs no brackets as a part of another expression. */
  constructor(
    readonly promql: string,
    readonly labels: readonly Label[],
    isOne = false,
  ) {
    this.#isOne = isOne;
  }

  /** Those with this value. */
  is(value: number): Vector<Label> {
    return this.#made(`${this.#operand} == ${String(value)}`);
  }

  above(other: Vector<Label> | number): Vector<Label> {
    return this.#made(`${this.#operand} > ${this.#other(other)}`);
  }

  below(other: Vector<Label> | number): Vector<Label> {
    return this.#made(`${this.#operand} < ${this.#other(other)}`);
  }

  times(other: Vector<Label> | number): Vector<Label> {
    return this.#made(`${this.#operand} * ${this.#other(other)}`);
  }

  plus(other: Vector<Label> | number): Vector<Label> {
    return this.#made(`${this.#operand} + ${this.#other(other)}`);
  }

  dividedBy(other: Vector<Label>): Vector<Label> {
    return this.#made(`${this.#operand} / ${this.#other(other)}`);
  }

  /** Seconds that have passed since each of these moments. */
  elapsed(): Vector<Label> {
    return this.#made(`time() - ${this.#operand}`);
  }

  /** Seconds until each of these moments. */
  remaining(): Vector<Label> {
    return this.#made(`${this.#operand} - time()`);
  }

  absolute(): Vector<Label> {
    return this.#made(`abs(${this.promql})`, true);
  }

  atLeast(value: number): Vector<Label> {
    return this.#made(`clamp_min(${this.promql}, ${String(value)})`, true);
  }

  /** Moments, from seconds. */
  plusNow(): Vector<Label> {
    return this.#made(`${this.#operand} + time()`);
  }

  /** Those above the value of their environment, which is the largest where it has several. */
  aboveThatOf(other: Vector<string>): Vector<Label> {
    return this.#byEnvironment(">", other);
  }

  /** Those not below the value of their environment, which is the largest where it has several. */
  notBeforeThatOf(other: Vector<string>): Vector<Label> {
    return this.#byEnvironment(">=", other);
  }

  /** One for each environment: how many there are of it. */
  countByEnvironment(): Vector<"environment"> {
    return new Vector(`count by (environment) (${this.promql})`, ["environment"]);
  }

  /** Those whose labels the other has, too; with names: whose labels of these names it has. */
  and(other: Vector<Label>): Vector<Label>;
  and<Other extends string>(other: Vector<Other>, on: readonly (Label & Other)[]): Vector<Label>;
  and(other: Vector<string>, on?: readonly string[]): Vector<Label> {
    return this.#made(`${this.#operand} and${this.#matching(other, on)} ${other.#operand}`);
  }

  /** Those whose labels the other does not have; with names: of whose labels of these names it has none. */
  unless(other: Vector<Label>): Vector<Label>;
  unless<Other extends string>(other: Vector<Other>, on: readonly (Label & Other)[]): Vector<Label>;
  unless(other: Vector<string>, on?: readonly string[]): Vector<Label> {
    return this.#made(`${this.#operand} unless${this.#matching(other, on)} ${other.#operand}`);
  }

  /** These, and those of the other whose labels are not among these. */
  or(other: Vector<Label>): Vector<Label> {
    this.#requireSame(other);
    return this.#made(`${this.#operand} or ${other.#operand}`);
  }

  /** These, or where there are none at all, those of the other. */
  orElse(other: Vector<never>): Vector<Label> {
    return this.#made(`${this.#operand} or on () ${other.#operand}`);
  }

  /** One, without labels, where there are none. */
  absent(): Vector<never> {
    return new Vector(`absent(${this.promql})`, [], true);
  }

  get #operand(): string {
    return this.#isOne ? this.promql : `(${this.promql})`;
  }

  #made(promql: string, isOne = false): Vector<Label> {
    return new Vector(promql, this.labels, isOne);
  }

  #byEnvironment(operator: string, { promql, labels }: Vector<string>): Vector<Label> {
    if (!labels.includes("environment")) throw new RangeError(`'${promql}' has no environment`);
    return this.#made(`${this.#operand} ${operator} on (environment) group_left () max by (environment) (${promql})`);
  }

  #other(other: Vector<Label> | number): string {
    if (typeof other === "number") return String(other);
    this.#requireSame(other);
    return other.#operand;
  }

  #matching(other: Vector<string>, on: readonly string[] | undefined): string {
    if (on !== undefined) return ` on (${on.join(", ")})`;
    this.#requireSame(other);
    return "";
  }

  #requireSame(other: Vector<string>): void {
    const [own, others] = [this.labels, other.labels].map((labels) => labels.toSorted().join(", "));
    if (own !== others) throw new RangeError(`'${this.promql}' has ${own}, '${other.promql}' has ${others}`);
  }
}

/** A metric of the catalogue. */
export function series<Name extends MetricName>(name: Name): Vector<LabelOf<Name>> {
  const labels: readonly LabelOf<Name>[] = metrics[name].labels;
  return new Vector(name, labels, true);
}
