/** What a drill writes into the notes of the archive that it has tried, so that every machine can read it. */
export interface ArchiveProof {
  readonly proven: boolean;
  /** ISO 8601. */
  readonly at: string;
  /** From the restore to the last check; absent: it did not come to that. */
  readonly seconds?: number | undefined;
}

const pattern =
  /^lifeboat (proven|not proven) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?: (\d+) s)?(?: of (\S+))?$/u;

/** Notes are copied, with archives and without: a proof names what it is of, whatever the storage is called. */
function nameOf(volid: string): string {
  return volid.slice(volid.indexOf(":") + 1);
}

/** The notes of an archive with the newest proof, and every other line as it was. */
export function withProof(notes: string, volid: string, { proven, at, seconds }: ArchiveProof): string {
  const others = notes.split("\n").filter((line) => !pattern.test(line.trim()));
  const took = seconds === undefined ? "" : ` ${String(Math.round(seconds))} s`;
  const line = `lifeboat ${proven ? "proven" : "not proven"} ${at}${took} of ${nameOf(volid)}`;
  return [...trimmedEnd(others), line].join("\n");
}

function trimmedEnd(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(0, last + 1);
}

/** The proof that the notes of an archive hold. One of an earlier version names none, and counts. */
export function readProof(notes: string | undefined, volid: string): ArchiveProof | undefined {
  for (const line of (notes ?? "").split("\n").reverse()) {
    const [, word, at, seconds, of] = pattern.exec(line.trim()) ?? [];
    if (word === undefined || at === undefined) continue;
    if (of !== undefined && of !== nameOf(volid)) continue;
    return { proven: word === "proven", at, ...(seconds === undefined ? {} : { seconds: Number(seconds) }) };
  }
  return undefined;
}
