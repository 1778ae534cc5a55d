import { join } from "node:path";
import { makePrivateFolder } from "../../machine/durable-file";
import { siteFolderName, stateHome } from "../../project/state-home";
import { type Clock, Journal, isoTime, systemClock } from "./journal";
import { BundleFolder, fileNames, freeId } from "./journal-bundle";
import { type JournalContents, journalVersion } from "./journal-contents";

/** What a new journal is about: a guest, or without one the environment's stack. */
export type NewOperation = Pick<JournalContents, "kind" | "command" | "guest" | "request" | "inputs" | "plan">;

/** What journals and the lock of the stack are called where those of a guest have its id. */
const ofStack = "stack";

/**
 * Where Lifeboat keeps what it must remember of one site: `$XDG_STATE_HOME/lifeboat/<environment>@<host>[_<port>]/`,
 * below `~/.local/state` by default. Nothing in it is needed to restore a guest from another machine.
 */
export class StateFolder {
  readonly path: string;
  /** Name of the folder. */
  readonly site: string;
  /** Operations over several guests; of this site's and others'. */
  readonly bundles: BundleFolder;

  constructor(
    site: { readonly environment: string; readonly endpoint: string },
    variables: Readonly<Record<string, string | undefined>> = process.env,
    private readonly clock: Clock = systemClock,
  ) {
    this.site = siteFolderName(site.environment, site.endpoint);
    const home = stateHome(variables);
    this.path = join(home, this.site);
    this.bundles = new BundleFolder(home, clock);
  }

  /** Path of a guest's lock file. */
  lockPath(guestId: number): string {
    return this.lockOf(String(guestId));
  }

  /** Path of the lock file of the environment's stack. */
  stackLockPath(): string {
    return this.lockOf(ofStack);
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
    return { version: journalVersion, id, state: "open", startedAt: now, updatedAt: now, steps: {}, ...operation };
  }

  /** The guest's journals, newest first. Throws `JournalError` for one that cannot be read: it may be unfinished. */
  journalsOf(guestId: number): Journal[] {
    return this.journals(new RegExp(`^${guestId}-.*\\.json$`));
  }

  /** Journals of operations on the environment's stack, newest first. Throws `JournalError` like those of guests. */
  stackJournals(): Journal[] {
    return this.journals(new RegExp(`^${ofStack}-.*\\.json$`));
  }

  /** The journals of all guests, newest first. */
  allJournals(): Journal[] {
    return this.journals(/^\d+-.*\.json$/);
  }

  private lockOf(subject: string): string {
    makePrivateFolder(this.path);
    return join(this.path, `${subject}.lock`);
  }

  private journals(pattern: RegExp): Journal[] {
    return fileNames(this.path)
      .filter((name) => pattern.test(name))
      .map((name) => Journal.open(join(this.path, name), this.clock))
      .sort((a, b) => (a.contents.startedAt < b.contents.startedAt ? 1 : -1));
  }
}
