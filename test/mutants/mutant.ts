/** A small wrong change, and the test that has to notice it. */
export interface Mutant {
  /** What goes wrong, as somebody would say it: `a state is written without if-match`. Names are unique. */
  readonly name: string;
  /** The file that is changed, from the project's folder. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
  readonly killedBy: NamedTest;
}

/** A test by its file and its title, or as much of its title as is its own. */
export interface NamedTest {
  /** `test/unit/site/health.test.ts`; its project is the folder below `test/`. */
  readonly file: string;
  readonly title: string;
}

/** The rows of one file of code. */
export function inFile(file: string, rows: readonly Omit<Mutant, "file">[]): Mutant[] {
  return rows.map((row) => ({ ...row, file }));
}

/** Why a change cannot be made any more; undefined when it can. */
export function whyNotApplicable(
  source: string | undefined,
  { from, to }: Pick<Mutant, "from" | "to">,
): string | undefined {
  if (source === undefined) return "the file is not there";
  const times = source.split(from).length - 1;
  if (times === 0) return "the text is not there";
  if (times > 1) return `the text is there ${String(times)} times`;
  return from === to ? "it changes nothing" : undefined;
}
