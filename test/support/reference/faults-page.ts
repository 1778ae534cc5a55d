import { faultCases } from "../../commands/faults/cases";
import type { FaultCase } from "../../commands/faults/fault-case";

/** What each fault leads to, from the cases that inject it: the tests assert every word of it. */
export function faultsPage(): string {
  return [
    "# Faults",
    "",
    "Written by `npm run reference` from `test/commands/faults/`, where each of these is injected and every line is asserted: " +
      "change the cases, not this page. Addresses, dates, sizes and durations stand for whatever they are.",
    "",
    "What `kill -9` does at every write of the journal is shown by `test/commands/restore/kill.test.ts` and " +
      "`several.test.ts` beside it: the same command goes on, and nothing is restored twice.",
    "",
    ...faultCases.flatMap(section),
  ].join("\n");
}

function section({ fault, command, exitCode, message, afterwards }: FaultCase): string[] {
  return [
    `## ${fault.slice(0, 1).toUpperCase()}${fault.slice(1)}`,
    "",
    `\`lifeboat ${command}\` ends with **${String(exitCode)}**${message === "" ? "." : " and says:"}`,
    "",
    ...(message === "" ? [] : ["```text", message, "```", ""]),
    `Afterwards: ${afterwards.map(({ words }) => words).join("; ")}.`,
    "",
  ];
}
