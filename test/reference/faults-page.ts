import { faultCases } from "../commands/faults/cases";
import type { FaultRow } from "../commands/faults/fault-case";
import { table } from "./markdown";

/** What each fault leads to, from the cases that inject it: the tests assert every word of it. */
export function faultsPage(): string {
  return [
    "# Faults",
    "",
    "Written by `npm run reference` from `test/commands/faults/`, where each of these is injected and every line is asserted: " +
      "change the cases, not this page. Addresses, dates, sizes and durations stand for whatever they are.",
    "",
    "`kill -9` at every step of every plan: the same command resumes it, and nothing is done twice. That is shown by " +
      "`test/commands/kill/`, and by the tests of `backup --all` and `grow`.",
    "",
    ...table(["fault", "ends with", "says", "afterwards"], faultCases.map(cells)),
    "",
    "The messages in full:",
    "",
    ...faultCases.flatMap(section),
  ].join("\n");
}

/** A line of the table; what is said up to its first full stop. */
function cells({ fault, exitCode, message, afterwards }: FaultRow): string[] {
  const says = (message.split(/\.\s|\n/u)[0] ?? "").replace(/^Unable to [^:]+: /u, "");
  return [fault, `**${String(exitCode)}**`, says, wordsOf(afterwards)];
}

function wordsOf(afterwards: FaultRow["afterwards"]): string {
  return afterwards.map(({ words }) => words).join("; ");
}

function section({ fault, command, exitCode, message, afterwards }: FaultRow): string[] {
  return [
    `## ${fault.slice(0, 1).toUpperCase()}${fault.slice(1)}`,
    "",
    `\`lifeboat ${command}\` ends with **${String(exitCode)}**${message === "" ? "." : " and says:"}`,
    "",
    ...(message === "" ? [] : ["```text", message, "```", ""]),
    `Afterwards: ${wordsOf(afterwards)}.`,
    "",
  ];
}
