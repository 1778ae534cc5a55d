import * as z from "zod";

/** A time for which there is a promise, as `timed` writes it. */
export const measuredSchema = z.object({ id: z.string(), what: z.string(), seconds: z.number() });

export type Measured = z.infer<typeof measuredSchema>;

/** What became of one scenario. */
export interface Outcome {
  readonly title: string;
  /** Day of the test, `2026-11-23`. */
  readonly date: string;
  /** How long all of it took, with the making of its site. */
  readonly seconds: number;
  readonly passed: number;
  readonly measured: readonly Measured[];
  /** One line each. None: it passed. */
  readonly problems: readonly string[];
}

/** Of what `jest --json` writes. */
export const jestReportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

/** What jest said of the tests that were chosen: those that it left out are none of them. */
export function judged(report: z.infer<typeof jestReportSchema>): { passed: number; problems: string[] } {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === "failed");
  const passed = tests.filter(({ status }) => status === "passed").length;
  const problems = failed.map(
    ({ title, failureMessages }) => `${withoutIds(title)}: ${firstLine(failureMessages?.[0] ?? "failed")}`,
  );
  const broken = report.testResults
    .filter(({ assertionResults }) => assertionResults.length === 0)
    .map(({ name, message }) => `${name}: ${firstLine(message)}`);
  const nothing = passed + problems.length + broken.length === 0 ? ["no test was run: it needs root"] : [];
  return { passed, problems: [...problems, ...broken, ...nothing] };
}

function withoutIds(title: string): string {
  return title.replace(/ \[[^\]]+\]$/u, "");
}

const escape = String.fromCodePoint(0x1b);
const colours = new RegExp(`${escape}\\[[0-9;]*m`, "gu");

function firstLine(text: string): string {
  const line = text
    .replace(colours, "")
    .split("\n")
    .find((one) => one.trim() !== "");
  return (line ?? "").trim().slice(0, 200);
}
