import { endOfLooks } from "../../terminal/progress";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { dim, green, red, type Styled, yellow } from "../../terminal/text";
import type { Inspection } from "../inspection";
import { inspectAccess } from "./access";
import { inspectAuthority, inspectBucket } from "./bucket";
import { type Check, problem, type Verdict } from "./check";
import { inspectSecrets } from "./secrets";
import type { examinationShape } from "./shape";
import { inspectTools } from "./tools";

/** What was found out about one environment, or about this machine. */
interface Examination {
  name: string;
  endpoint: string | undefined;
  findings: Check[];
}

/** Checks what Lifeboat needs of every environment, or of one, and of this machine. @throws CommandError (2) */
export async function examine(
  site: Site,
  only: string | undefined,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof examinationShape>>> {
  const { usable, unusable } =
    only === undefined ? site.environments() : { usable: [site.environment(only)], unusable: [] };
  const examinations: Examination[] = unusable.map(({ name, error }) => ({
    name,
    endpoint: undefined,
    findings: [problem("settings", failureOf(error, "use the settings").message)],
  }));
  for (const environment of usable) {
    const title = `examine ${environment.name} (${environment.settings.proxmox.endpoint})`;
    const findings = await context.progress.step(
      title,
      async () => [
        ...(await inspectAccess(environment)),
        ...(await inspectSecrets(environment, context.io.environment)),
        ...(await inspectBucket(environment, context.io.environment)),
        ...inspectAuthority(environment),
      ],
      (found) => endOfLooks(found, ({ verdict }) => verdict === "problem"),
    );
    examinations.push({ name: environment.name, endpoint: environment.settings.proxmox.endpoint, findings });
  }
  const tools = await inspectTools(usable, context.io.environment);
  examinations.push({ name: "this machine", endpoint: undefined, findings: tools });
  const exitCode = exitCodeOf(examinations);
  return {
    value: { ok: exitCode === exitCodes.done, exitCode, examinations },
    print: (lines) => examinations.forEach((examination) => printExamination(examination, lines)),
    exitCode,
    remark: (talk) => talk.line(conclusion(examinations)),
  };
}

function exitCodeOf(examinations: readonly Examination[]): ExitCode {
  const problems = examinations.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === "problem"));
  if (problems.some(({ unavailable }) => unavailable !== undefined)) return exitCodes.unavailable;
  return problems.length > 0 ? exitCodes.partly : exitCodes.done;
}

const marks: Readonly<Record<Verdict, Styled>> = {
  ok: green("✓"),
  warning: yellow("!"),
  problem: red("✗"),
  skipped: dim("-"),
};

function printExamination({ name, endpoint, findings }: Examination, lines: Lines): void {
  lines.heading(endpoint === undefined ? name : `${name}  ${endpoint}`);
  const column = Math.max(...findings.map(({ subject }) => subject.length)) + 2;
  for (const { subject, verdict, text, hint } of findings) {
    lines.hanging(["  ", marks[verdict], ` ${subject.padEnd(column)}`], text);
    if (hint !== undefined) lines.hanging([" ".repeat(column + 4), dim("→ ")], hint, dim);
  }
  lines.line();
}

function conclusion(examinations: readonly Examination[]): string {
  const verdicts = examinations.flatMap(({ findings }) => findings.map(({ verdict }) => verdict));
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  const problems = count("problem");
  const warnings = count("warning");
  const counts = [
    problems === 0 ? "no problems" : `${String(problems)} ${problems === 1 ? "problem" : "problems"}`,
    ...(warnings === 0 ? [] : [`${String(warnings)} ${warnings === 1 ? "warning" : "warnings"}`]),
  ];
  return `Done: ${counts.join(", ")}.`;
}
