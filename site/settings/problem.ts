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
  const many = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const head = `Unable to use the settings in Pulumi.${environment}.yaml: ${many}`;
  return [head, ...problems.map(formatProblem)].join("\n");
}

/** `lifeboat:guests.web.root.size: not a size (found "8 bananas"; allowed: whole GiB such as 8GiB)` */
function formatProblem({ path, found, allowed, message }: Problem): string {
  return `  ${formatPath(path)}: ${message} (found ${found}; allowed: ${allowed})`;
}

/** A path as Pulumi writes it: `lifeboat:guests.web.checks[0]`. Keys that are not plain names are quoted. */
export function formatPath(path: readonly string[]): string {
  const [top, ...rest] = path;
  if (top === undefined) return "lifeboat:*";
  return rest.reduce((text, key) => text + formatKey(key), `lifeboat:${plainKey(top)}`);
}

function formatKey(key: string): string {
  const plain = plainKey(key);
  return /^\d+$/.test(key) || plain !== key ? `[${plain}]` : `.${key}`;
}
