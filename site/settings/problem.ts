/** One thing that is wrong with the settings. */
export interface Problem {
  /** Keys from the top: `["guests", "web", "disks", "data", "size"]`. */
  readonly path: readonly string[];
  /** What stands there, short and free of control characters; `nothing` where a key is missing. Never a secret. */
  readonly found: string;
  /** What may stand there, with an example. */
  readonly allowed: string;
  /** One sentence for people. */
  readonly message: string;
}

/** One screen for people: a line per problem with its path, then what was found and what is allowed. */
export function formatProblems(problems: readonly Problem[], environment: string): string {
  const head = `Unable to use the settings of ${environment} (Pulumi.${environment}.yaml): ${count(problems.length)}`;
  return [head, ...problems.map(formatProblem)].join("\n\n");
}

function count(problems: number): string {
  return problems === 1 ? "1 problem" : `${problems} problems`;
}

function formatProblem({ path, found, allowed, message }: Problem): string {
  return `  ${["lifeboat:" + (path[0] ?? ""), ...path.slice(1)].join(".")}\n    ${message}\n    found:   ${found}\n    allowed: ${allowed}`;
}
