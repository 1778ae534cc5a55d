import { formatBytes, formatMoment } from "../../../terminal/durations";
import type { Lines, Talk } from "../../../terminal/talk";
import { counted, green, red, type Styled, yellow } from "../../../terminal/text";
import type { SourceDumps } from "./inspect-dumps";

/** A line for each source, and below it what is wrong. */
export function printDumps(sources: readonly SourceDumps[], lines: Lines): void {
  if (sources.length > 0) lines.heading("dumps in guests");
  for (const source of sources) {
    const { environment, guest, source: name, unseen, dumps, missing } = source;
    lines.hanging([markOf(source), " "], `${environment}/${guest} ${name}: ${unseen ?? summaryOf(source)}`);
    for (const { dump, result, problem } of dumps) {
      if (result !== "whole")
        lines.hanging("    ", `${dump}: ${result === "unseen" ? "not seen" : result}: ${problem ?? ""}`);
    }
    for (const moment of missing) lines.hanging("    ", `no dump of the run of ${formatMoment(moment * 1_000)}`);
  }
}

function markOf({ unseen, dumps, missing }: SourceDumps): Styled {
  if (dumps.some(({ result }) => result === "damaged") || missing.length > 0) return red("✗");
  if (unseen === null && dumps.length === 0) return red("✗");
  return unseen !== null || dumps.some(({ result }) => result === "unseen") ? yellow("!") : green("✓");
}

function summaryOf({ dumps, missing }: SourceDumps): string {
  if (dumps.length === 0) return "there is no dump";
  const whole = dumps.filter(({ result }) => result === "whole");
  const bytes = dumps.reduce((sum, dump) => sum + dump.bytes, 0);
  const sealed = dumps.filter(({ encrypted }) => encrypted).length;
  const parts = [
    `${String(whole.length)} of ${counted(dumps.length, "dump")} ${whole.length === 1 && dumps.length === 1 ? "is" : "are"} whole`,
    formatBytes(bytes),
    ...(sealed === 0 ? [] : [`${String(sealed)} encrypted, read and not opened`]),
    ...(missing.length === 0 ? [] : [`${String(missing.length)} missing`]),
  ];
  return parts.join(", ");
}

/** Names guest and source of what is not in order, with what to do. */
export function hintDumps(sources: readonly SourceDumps[], talk: Talk): void {
  for (const { environment, guest, source, dumps, unseen } of sources) {
    const who = `${environment}/${guest}`;
    if (unseen !== null) talk.warning(`${who}: the dumps of ${source} could not be looked at: ${unseen}`);
    else if (dumps.length === 0) talk.warning(`${who}: there is no dump of ${source}`);
    for (const { dump, result, problem } of dumps) {
      if (result === "damaged") talk.warning(`${who}: dump ${dump} of ${source} is damaged: ${problem ?? ""}`);
      if (result === "unseen") talk.warning(`${who}: dump ${dump} of ${source} could not be read: ${problem ?? ""}`);
    }
    const [newest] = dumps;
    if (unseen === null && newest?.result !== "whole")
      talk.hint(`make a dump now: lifeboat backup data ${who} ${source}`);
  }
}
