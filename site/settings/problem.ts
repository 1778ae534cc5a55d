import { plainKey } from "./describe-found";

/** One thing that is wrong with the settings. */
export interface Problem {
  /** Keys from the top: `["guests", "web", "disks", "data", "size"]`. */
  readonly path: readonly string[];
  /** What stands there, short and free of control characters; `nothing` where a key is missing. Never a secret. */
  readonly found: string;
  /** What may stand there, with an example. */
  readonly allowed: string;
  /** What is wrong, in a few words for people. */
  readonly message: string;
}

/** For people: a line per problem, in the order of the paths. */
export function formatProblems(problems: readonly Problem[], environment: string): string {
  const head = `Unable to use the settings in Pulumi.${environment}.yaml: ${howMany(problems)}`;
  return [head, ...problems.map((problem) => formatProblem(formatPath(problem.path), problem))].join("\n");
}

/**
 * The same for the arguments of a component.
 *
 * @param what is declared: `container web`
 */
export function formatArgumentProblems(problems: readonly Problem[], what: string): string {
  const lines = problems.map((problem) => formatProblem(formatKeys(problem.path), problem));
  return [`Unable to declare ${what}: ${howMany(problems)}`, ...lines].join("\n");
}

function howMany({ length }: readonly Problem[]): string {
  return length === 1 ? "1 problem" : `${length} problems`;
}

/** `lifeboat:guests.web.root.size: not a size (found "8 bananas"; allowed: whole GiB such as 8GiB)` */
function formatProblem(place: string, { found, allowed, message }: Problem): string {
  return `  ${place}: ${message} (found ${found}; allowed: ${allowed})`;
}

/** A path as Pulumi writes it: `lifeboat:guests.web.checks[0]`. Keys that are not plain names are quoted. */
export function formatPath(path: readonly string[]): string {
  return `lifeboat:${path.length === 0 ? "*" : formatKeys(path)}`;
}

function formatKeys([top = "args", ...rest]: readonly string[]): string {
  return rest.reduce((text, key) => text + formatKey(key), plainKey(top));
}

function formatKey(key: string): string {
  const plain = plainKey(key);
  return /^\d+$/.test(key) || plain !== key ? `[${plain}]` : `.${key}`;
}
