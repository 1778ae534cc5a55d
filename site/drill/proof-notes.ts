/** What a drill writes into the notes of the archive that it has tried, so that every machine can read it. */
export interface ArchiveProof {
  readonly proven: boolean;
  /** ISO 8601. */
  readonly at: string;
  /** From the restore to the last check; absent: it did not come to that. */
  readonly seconds?: number | undefined;
}

const pattern = /^lifeboat (proven|not proven) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?: (\d+) s)?$/u;

/** An archive's notes with the newest proof, and every other line as it was. */
export function withProof(notes: string, { proven, at, seconds }: ArchiveProof): string {
  const others = notes.split("\n").filter((line) => !pattern.test(line.trim()));
  const took = seconds === undefined ? "" : ` ${String(Math.round(seconds))} s`;
  return [...trimmedEnd(others), `lifeboat ${proven ? "proven" : "not proven"} ${at}${took}`].join("\n");
}

function trimmedEnd(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(0, last + 1);
}

/** The proof that an archive's notes hold. */
export function readProof(notes: string | undefined): ArchiveProof | undefined {
  for (const line of (notes ?? "").split("\n").reverse()) {
    const [, word, at, seconds] = pattern.exec(line.trim()) ?? [];
    if (word === undefined || at === undefined) continue;
    return { proven: word === "proven", at, ...(seconds === undefined ? {} : { seconds: Number(seconds) }) };
  }
  return undefined;
}
