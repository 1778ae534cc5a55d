import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { dim, shortenName } from "../../terminal/text";
import type { Inspection } from "../inspection";
import { type Candidate, candidateForScripts, offeredOf } from "../../recovery/adopt/choose-unnamed";
import type { unnamedShape } from "./shape";
import type { SeenGuests } from "../../recovery/adopt/unnamed-guests";

/** The guests that no settings name. @throws CommandError where no node could be asked */
export function inspectUnnamed(seen: SeenGuests): Inspection<ValueOf<typeof unnamedShape>> {
  const [first] = seen.failures;
  if (first !== undefined && seen.guests.length === 0) throw failed(first.failure);
  const candidates = offeredOf(seen);
  const unknown = seen.failures.map(({ endpoint, failure }) => ({ endpoint, message: failure.message }));
  return {
    value: { guests: candidates.map(candidateForScripts), unknown },
    print: (lines) => printCandidates(candidates, lines),
    exitCode: unknown.length === 0 ? exitCodes.done : exitCodes.partly,
    remark: (talk) => {
      for (const { message } of unknown) talk.warning(message);
    },
  };
}

function failed({ message, exitCode, hint }: SeenGuests["failures"][number]["failure"]): CommandError {
  return new CommandError(message, { exitCode, hint, complete: true });
}

function printCandidates(candidates: readonly Candidate[], lines: Lines): void {
  const [first] = candidates;
  if (first === undefined) {
    lines.line("Every guest that the token may see is in the settings.");
    return;
  }
  const columns: (Column<Candidate> | FlexibleColumn<Candidate>)[] = [
    { heading: dim("ID"), cell: ({ guest }) => String(guest.id), align: "right" },
    { heading: dim("NAME"), text: ({ guest }) => guest.name, readable: 20, shorten: shortenName },
    { heading: dim("KIND"), cell: ({ guest }) => (guest.type === "lxc" ? "container" : "virtual machine") },
    { heading: dim("NODE"), cell: ({ guest }) => guest.node, leaveOut: 1 },
    { heading: dim("ENVIRONMENT"), cell: ({ environment }) => environment.name },
  ];
  lines.table(fitTable(candidates, columns, lines.room));
  lines.line(`They are in no settings. To adopt the first: lifeboat adopt ${String(first.guest.id)}`);
}
