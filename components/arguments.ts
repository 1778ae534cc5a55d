import * as pulumi from "@pulumi/pulumi";
import type { ArgumentRules, Declared, RawArguments } from "../site/arguments/checked";
import { formatArgumentProblems, type Problem } from "../site/settings/problem";
import { refusal } from "./refusal";

/** Inputs of a resource, of which each may still be unknown. */
type Lifted<Inputs extends object> = { [Key in keyof Inputs]: pulumi.Input<Inputs[Key]> };

/** Where an output stood among plain arguments. It is no value of any kind, so that every schema refuses it. */
const pending = Symbol("an output");

/**
 * Checks the arguments of a component, all of them at once, before anything is registered, and computes what its resource
 * is given.
 *
 * Arguments that are outputs have no value yet. What is plain beside them is checked at once all the same; they themselves
 * are checked when their values are there, with the same sentence, and the resource is not registered if one is wrong. Only
 * inputs that are computed from them wait for them: the rest stays known to every preview.
 *
 * @param what is declared: `container web`
 * @param args as the caller wrote them, and what belongs to them
 * @throws pulumi.RunError with every problem of what is plain
 */
export function checkArguments<Inputs extends object>(
  what: string,
  args: object,
  rules: ArgumentRules<Inputs>,
): Declared<Lifted<Inputs>> {
  const raw: RawArguments = { ...args };
  const awaited = Object.keys(raw).filter((name) => Object.hasOwn(rules.uses, name) && holdsOutput(raw[name]));
  refuseProblems(what, plainProblems(raw, rules));
  const standIns = Object.fromEntries(awaited.map((name) => [name, rules.samples[name]]));
  const checked = rules.check({ ...raw, ...standIns });
  if (!checked.ok) throw refusal(formatArgumentProblems(checked.problems, what));
  const { inputs, ...declared } = checked.declared;
  return { ...declared, inputs: new Later(what, raw, standIns, rules).lift(inputs) };
}

/** Everything that is wrong with arguments, but for what is not there yet. */
function plainProblems<Inputs extends object>(
  raw: RawArguments,
  { check, uses, outlines = [] }: ArgumentRules<Inputs>,
): readonly Problem[] {
  const places = new Set<string>();
  const plain = Object.entries(raw).map(([name, value]) => [name, withPending(value, [name], places)]);
  const checked = check(Object.fromEntries(plain));
  if (checked.ok) return [];
  const mayWait = ({ path: [name = "", ...inside] }: Problem) =>
    Object.hasOwn(uses, name) && !(inside.length === 0 && outlines.includes(name));
  return checked.problems.filter((problem) => !(places.has(placeOf(problem.path)) && mayWait(problem)));
}

/** @param places gets the place of every output */
function withPending(value: unknown, path: readonly string[], places: Set<string>): unknown {
  if (isOutput(value)) {
    places.add(placeOf(path));
    return pending;
  }
  if (Array.isArray(value)) return value.map((item, index) => withPending(item, [...path, String(index)], places));
  if (!isPlainObject(value)) return value;
  const parts = Object.entries(value).map(([key, part]) => [key, withPending(part, [...path, key], places)]);
  return Object.fromEntries(parts);
}

function placeOf(path: readonly string[]): string {
  return path.join("\0");
}

function holdsOutput(value: unknown): boolean {
  if (isOutput(value)) return true;
  if (Array.isArray(value)) return value.some(holdsOutput);
  return isPlainObject(value) && Object.values(value).some(holdsOutput);
}

function isOutput(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function refuseProblems(what: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw refusal(formatArgumentProblems(problems, what));
}

/** Inputs that wait for arguments whose values come later. */
class Later<Inputs extends object> {
  /** What is declared in the end, by the arguments that are waited for: two inputs of one argument fail as one. */
  private readonly settled = new Map<string, pulumi.Output<Declared<Inputs>>>();

  constructor(
    private readonly what: string,
    private readonly raw: RawArguments,
    private readonly standIns: RawArguments,
    private readonly rules: ArgumentRules<Inputs>,
  ) {}

  /** @param plain every input, computed with stand-ins where it has to wait */
  lift(plain: Inputs): Lifted<Inputs> {
    const lifted: Lifted<Inputs> = { ...plain };
    for (const key in plain) {
      const awaited = Object.keys(this.standIns).filter((name) => this.rules.uses[name]?.includes(key));
      if (awaited.length > 0) lifted[key] = this.after(awaited).apply(({ inputs }) => inputs[key]);
    }
    return lifted;
  }

  private after(awaited: readonly string[]): pulumi.Output<Declared<Inputs>> {
    const known = this.settled.get(awaited.join());
    if (known !== undefined) return known;
    const values = pulumi.output(Object.fromEntries(awaited.map((name) => [name, this.raw[name]])));
    const settled = values.apply((found) => this.declare(found, () => pulumi.isSecret(values)));
    this.settled.set(awaited.join(), settled);
    return settled;
  }

  /** @throws pulumi.RunError with every problem of what was found. A message shows no secret. */
  private async declare(found: RawArguments, isSecret: () => Promise<boolean>): Promise<Declared<Inputs>> {
    const checked = this.rules.check({ ...this.raw, ...this.standIns, ...found });
    if (checked.ok) return checked.declared;
    const hidden = (await isSecret()) ? { found: "a value that is kept secret" } : {};
    const problems = checked.problems.map((problem) => ({ ...problem, ...hidden }));
    throw refusal(formatArgumentProblems(problems, this.what));
  }
}
