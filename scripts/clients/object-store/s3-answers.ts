/**
 * A success that is not what S3 answers, as of a proxy with a page for people, or of a server that is not quite S3. It says nothing of
 * what the store holds: least of all that there is nothing.
 */
export class NoS3Answer extends Error {
  override readonly name = "NoS3Answer";
}

/** What every page of a list says. */
interface Page {
  readonly IsTruncated?: boolean | undefined;
}

export function isPage({ IsTruncated }: Page): boolean {
  return IsTruncated !== undefined;
}

/**
 * All pages of a list.
 *
 * @param ask for the page behind a mark @param markOf where the next page begins; undefined: the page does not say
 * @throws NoS3Answer where one does not say whether more follows, or not where, and what `ask` throws
 */
export async function everyPage<Answer extends Page, Mark extends object>(
  ask: (from: Mark | Record<string, never>) => Promise<Answer>,
  markOf: (page: Answer) => Mark | undefined,
): Promise<Answer[]> {
  const pages: Answer[] = [];
  const marks = new Set<string>();
  for (let from: Mark | Record<string, never> = {}; ;) {
    const page = await ask(from);
    if (!isPage(page)) throw new NoS3Answer("what it answers is no list of objects");
    pages.push(page);
    if (page.IsTruncated !== true) return pages;
    const mark = markOf(page);
    const told = JSON.stringify(mark);
    if (mark === undefined || marks.has(told)) {
      throw new NoS3Answer("its list ends before all objects are told: more follow, and it does not lead to them");
    }
    marks.add(told);
    from = mark;
  }
}

/** What was read from an answer that S3 gives of an object. @throws NoS3Answer for any other */
export function ofAnObject<Read>({ ETag }: { readonly ETag?: string | undefined }, read: Read): Read {
  if (ETag === undefined) throw new NoS3Answer("what it answers is no object");
  return read;
}
