import { basename, join } from "node:path";
import { fileNames, makePrivateFolder } from "../../machine/durable-file";
import { checkPrivateFolder } from "../../machine/private-folder";
import { whoRunsThis } from "../../machine/who";
import { siteFolderName, stateHome } from "../../machine/state-home";
import { type Clock, isOpen, Journal, JournalError, isoTime, systemClock } from "./journal";
import { BundleFolder, freeId } from "./journal-bundle";
import { type JournalContents, journalVersion } from "./journal-contents";
import { guestsOfRun, siteNumber, type Subject, type SubjectKey } from "./subject";

/** What a new journal is about: a guest, or without one the environment's stack. */
export type NewOperation = Pick<JournalContents, "kind" | "command" | "guest" | "request" | "inputs" | "plan">;

/** A journal that cannot be read, and whose it is. */
export interface UnreadableJournal {
  readonly error: JournalError;
  /** Id of its guest, or number of its node; undefined: it is the stack's. */
  readonly number: number | undefined;
}

/** What journals and the lock of the stack are called where those of a guest have its id. */
const ofStack = "stack";

const everyJournal = new RegExp(`^(?:\\d+|${ofStack})-.*\\.json$`, "u");

/**
 * Where Lifeboat keeps what it must remember of one site: `$XDG_STATE_HOME/lifeboat/<environment>@<host>[_<port>]/`,
 * below `~/.local/state` by default. Nothing in it is needed to restore a guest from another machine.
 */
export class StateFolder {
  readonly path: string;
  /** Name of the folder. */
  readonly site: string;
  /** Batches of operations; of this site's and others'. */
  readonly bundles: BundleFolder;

  /** @throws UnsafePath where others may have put something there. */
  constructor(
    site: { readonly environment: string; readonly endpoint: string },
    variables: Readonly<Record<string, string | undefined>> = process.env,
    private readonly clock: Clock = systemClock,
  ) {
    this.site = siteFolderName(site.environment, site.endpoint);
    const home = stateHome(variables);
    this.path = join(home, this.site);
    for (const folder of [home, this.path]) checkPrivateFolder(folder);
    this.bundles = new BundleFolder(home, clock);
  }

  /** Path of the subject's lock file. */
  lockPath(subject: SubjectKey): string {
    makePrivateFolder(this.path);
    return join(this.path, `${nameOf(subject)}.lock`);
  }

  /** Begins the journal of a new operation. */
  begin(operation: NewOperation): Journal {
    makePrivateFolder(this.path);
    const contents = this.opening(operation);
    return Journal.create(join(this.path, `${contents.id}.json`), contents, this.clock);
  }

  /** What the journal of a new operation begins with. */
  opening(operation: NewOperation): JournalContents {
    const now = isoTime(this.clock());
    const id = freeId(String(operation.guest?.id ?? ofStack), now, fileNames(this.path));
    const by = whoRunsThis();
    const times = { startedAt: now, order: this.nextOrder(), updatedAt: now };
    return { version: journalVersion, id, state: "open", by, ...times, steps: {}, ...operation };
  }

  /** One that cannot be read stops whoever asks for its subject's; the others are counted on. */
  private nextOrder(): number {
    const known = this.files(everyJournal).flatMap((path) => this.readIfPossible(path));
    return known.reduce((last, { contents: { order = 0 } }) => Math.max(last, order), 0) + 1;
  }

  /**
   * The subject's journals, newest first; of a guest also those of runs over several guests that have not ended. Throws
   * `JournalError` for one that cannot be read: it may be unfinished.
   */
  journalsOf(subject: SubjectKey): Journal[] {
    const own = this.files(new RegExp(`^${nameOf(subject)}-.*\\.json$`)).map((path) => this.read(path));
    return newestFirst([...own, ...(subject.kind === "guest" ? this.openRunsOver(subject.id) : [])]);
  }

  /** Every journal of the site, newest first, and those that cannot be read: they may be of operations that are half done. */
  readAll(): { readonly journals: readonly Journal[]; readonly unreadable: readonly UnreadableJournal[] } {
    const journals: Journal[] = [];
    const unreadable: UnreadableJournal[] = [];
    for (const path of this.files(everyJournal)) {
      try {
        journals.push(this.read(path));
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        const number = Number(/^\d+/u.exec(basename(path))?.[0]);
        unreadable.push({ error, number: Number.isNaN(number) ? undefined : number });
      }
    }
    return { journals: newestFirst(journals), unreadable };
  }

  /**
   * How long things took: what earlier operations on subjects of this kind left, newest first. One that cannot be read
   * tells nothing about times; whether it is half done is asked by `journalsOf`.
   */
  measurements({ kind }: Pick<Subject, "kind">): JournalContents[] {
    const pattern = kind === "stack" ? new RegExp(`^${ofStack}-.*\\.json$`) : /^\d+-.*\.json$/;
    const readable = this.files(pattern).flatMap((path) => this.readIfPossible(path));
    return newestFirst(readable).map(({ contents }) => contents);
  }

  private openRunsOver(id: number): Journal[] {
    const open = this.files(/^\d{1,2}-.*\.json$/u)
      .map((path) => this.read(path))
      .filter(isOpen);
    return open.filter((journal) => worksOn(journal, id));
  }

  private files(pattern: RegExp): string[] {
    return fileNames(this.path)
      .filter((name) => pattern.test(name))
      .map((name) => join(this.path, name));
  }

  private read(path: string): Journal {
    return Journal.open(path, this.clock);
  }

  private readIfPossible(path: string): Journal[] {
    try {
      return [this.read(path)];
    } catch (error) {
      if (error instanceof JournalError) return [];
      throw error;
    }
  }
}

/** Whether the run of a node's journal is over a guest. @throws JournalError for a plan of an unknown form: it may be */
export function worksOn({ contents, path }: Journal, id: number): boolean {
  if (contents.guest?.id === siteNumber) return false;
  const guests = guestsOfRun(contents);
  if (guests === undefined) throw new JournalError(path, "its plan does not say which guests it is of");
  return guests.some((guest) => guest.id === id);
}

function nameOf(subject: SubjectKey): string {
  switch (subject.kind) {
    case "guest":
      return String(subject.id);
    case "node":
      return String(subject.number);
    case "site":
      return String(siteNumber);
    case "stack":
      return ofStack;
  }
}

function byOrder(a: JournalContents, b: JournalContents): number {
  return (b.order ?? 0) - (a.order ?? 0);
}

/** In the order in which they were begun, and not by a clock alone. */
function newestFirst(journals: readonly Journal[]): Journal[] {
  return journals.toSorted(({ contents: a }, { contents: b }) => byOrder(a, b) || (a.startedAt < b.startedAt ? 1 : -1));
}
