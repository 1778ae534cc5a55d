import * as z from "zod";
import type { LoadedEnvironment, Site } from "../project/site";
import { defineCommand } from "./frame/command";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { failureOf } from "../clients/failure";
import type { Lines } from "../terminal/talk";
import { dim, green, red, type Styled, yellow } from "../terminal/text";
import { inspectAccess } from "../inspect/doctor/access";
import { type Check, problem, type Verdict } from "../inspect/doctor/check";
import { type Setup, setupsOf } from "../inspect/doctor/setup";
import { inspectTools } from "../inspect/doctor/tools";
import type { CommandContext } from "../project/context";

const input = z
  .object({
    environment: z.string().optional(),
    printSetup: z.boolean().default(false),
    readOnly: z.boolean().default(false),
  })
  .refine(({ printSetup, readOnly }) => printSetup || !readOnly, { message: "--read-only goes with --print-setup" });

/** What was found out about one environment, or about this machine. */
interface Examination {
  name: string;
  endpoint: string | undefined;
  findings: Check[];
}

export const command = defineCommand({
  description:
    "Checks what Lifeboat needs: the settings, each node's address, certificate and clock, the API token, every privilege and storage, and the programs of this machine. Changes nothing.",
  examples: [
    { command: "lifeboat doctor", meaning: "check every environment" },
    { command: "lifeboat doctor prod --json", meaning: "one environment, for scripts" },
    { command: "lifeboat doctor --print-setup", meaning: "the lines that make roles, user and token on a node" },
  ],
  arguments: [{ name: "environment", description: "only this one (prod for Pulumi.prod.yaml)", required: false }],
  options: [
    {
      flags: "--print-setup",
      description: "print pveum lines for a token with least privileges, and connect to nothing",
    },
    {
      flags: "--read-only",
      description: "with --print-setup: for a token that can only look, for previews of pull requests",
    },
  ],
  input,
  aim: ({ printSetup }) => (printSetup ? "print the set-up" : "examine the site"),
  run: async ({ environment, printSetup, readOnly }, context) => {
    const site = await context.site();
    return printSetup ? printSetupLines(site, { environment, readOnly }, context) : examine(site, environment, context);
  },
});

async function examine(site: Site, only: string | undefined, context: CommandContext): Promise<ExitCode> {
  const { usable, unusable } =
    only === undefined ? site.environments() : { usable: [site.environment(only)], unusable: [] };
  const examinations: Examination[] = unusable.map(({ name, error }) => ({
    name,
    endpoint: undefined,
    findings: [problem("settings", failureOf(error, "use the settings").message)],
  }));
  for (const environment of usable) {
    const title = `examine ${environment.name} (${environment.settings.proxmox.endpoint})`;
    const findings = await context.progress.step(title, () => inspectAccess(environment));
    examinations.push({ name: environment.name, endpoint: environment.settings.proxmox.endpoint, findings });
  }
  const tools = await inspectTools(usable, context.io.environment);
  examinations.push({ name: "this machine", endpoint: undefined, findings: tools });
  const exitCode = exitCodeOf(examinations);
  context.output.result({ ok: exitCode === exitCodes.done, exitCode, examinations }, (lines) =>
    examinations.forEach((examination) => printExamination(examination, lines)),
  );
  context.talk.line(conclusion(examinations));
  return exitCode;
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
  const count = (verdict: Verdict): number =>
    examinations.reduce(
      (sum, { findings }) => sum + findings.filter((finding) => finding.verdict === verdict).length,
      0,
    );
  const problems = count("problem");
  const warnings = count("warning");
  const told = [
    problems === 0 ? "no problems" : `${String(problems)} ${problems === 1 ? "problem" : "problems"}`,
    ...(warnings === 0 ? [] : [`${String(warnings)} ${warnings === 1 ? "warning" : "warnings"}`]),
  ];
  return `Done: ${told.join(", ")}.`;
}

function printSetupLines(
  site: Site,
  { environment: only, readOnly }: { environment: string | undefined; readOnly: boolean },
  { output, talk }: CommandContext,
): ExitCode {
  const environments: LoadedEnvironment[] = only === undefined ? site.environments().usable : [site.environment(only)];
  const setups = setupsOf(environments, readOnly);
  output.result({ setups }, (lines) => setups.forEach((setup) => printSetup(setup, lines)));
  talk.line("Run these lines as root on a node. The last one shows the token's secret, once; then:");
  for (const line of readOnly ? afterwardsForPreviews : afterwards) talk.line(`  ${line}`);
  return exitCodes.done;
}

const afterwards = [
  "(umask 077; echo 'lifeboat@pve!cli=SECRET' > ~/.config/lifeboat-token)",
  "export LIFEBOAT_PROXMOX_TOKEN_FILE=~/.config/lifeboat-token",
  "lifeboat doctor",
];
const afterwardsForPreviews = [
  "gh secret set LIFEBOAT_PROXMOX_TOKEN --env preview-ENVIRONMENT   (lifeboat-preview@pve!preview=SECRET)",
];

function printSetup({ endpoint, environments, nodes, commands }: Setup, lines: Lines): void {
  lines.line(`# ${endpoint} (${nodes.join(", ")}), for ${environments.join(", ")}`);
  for (const command of commands) lines.line(command);
  lines.line();
}
