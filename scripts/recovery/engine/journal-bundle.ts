import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileNames, makePrivateFolder, writeDurably } from "../../machine/durable-file";
import { type Clock, Journal, JournalError, isoTime, journalText, readJournal, systemClock } from "./journal";
import {
  type JournalBundleContents,
  type JournalContents,
  journalBundleSchema,
  journalVersion,
} from "./journal-contents";

/** What a new bundle is about. */
export type NewBundle = Pick<JournalBundleContents, "command" | "request" | "parts">;

/** Operations that were asked for at once. Written when it begins and when all of it has ended. */
export class JournalBundle {
  private constructor(
    readonly path: string,
    private current: JournalBundleContents,
    private readonly clock: Clock,
  ) {}

  /** Begins a bundle. It is on disk before any of its parts is, so that none of them is begun unknown to the others. */
  static create(path: string, contents: JournalBundleContents, clock: Clock = systemClock): JournalBundle {
    const bundle = new JournalBundle(path, contents, clock);
    bundle.write({});
    return bundle;
  }

  /** Reads a bundle. Throws `JournalError`. */
  static open(path: string, clock: Clock = systemClock): JournalBundle {
    return new JournalBundle(path, readJournal(path, journalBundleSchema), clock);
  }

  get contents(): JournalBundleContents {
    return this.current;
  }

  /**
   * The journals of the parts, in the order of the parts. Throws `JournalError` for one that cannot be read.
   *
   * @returns `begin` for one that a killed process did not get to: it puts it on disk.
   */
  journals(): { readonly journal: Journal; readonly begin?: () => Journal }[] {
    return this.current.parts.map(({ site, journal }) => {
      const path = this.pathOf({ site, journal });
      if (existsSync(path)) return { journal: Journal.open(path, this.clock) };
      const begin = (): Journal => {
        makePrivateFolder(dirname(path));
        return Journal.create(path, journal, this.clock);
      };
      return { journal: Journal.planned(path, journal, this.clock), begin };
    });
  }

  /** The parts of a site that a killed process did not get to: they have no journal yet. */
  unbegun(site: string): JournalContents[] {
    return this.current.parts
      .filter((part) => part.site === site && !existsSync(this.pathOf(part)))
      .map(({ journal }) => journal);
  }

  /** Says that nothing of it is left to do. */
  end(): void {
    this.write({ state: "ended" });
  }

  private pathOf({ site, journal }: JournalBundleContents["parts"][number]): string {
    return join(this.path, "../..", site, `${journal.id}.json`);
  }

  private write(change: Partial<JournalBundleContents>): void {
    this.current = { ...this.current, ...change, updatedAt: isoTime(this.clock()) };
    writeDurably(this.path, journalText(this.current));
  }
}

/**
 * Where bundles are kept: beside the folders of the sites, since the parts of one may be of more than one site. The
 * folder's name is that of the first versions, which called their files so too.
 */
export class BundleFolder {
  readonly path: string;

  /** @param home the folder with the sites' folders. */
  constructor(
    home: string,
    private readonly clock: Clock = systemClock,
  ) {
    this.path = join(home, "several");
  }

  begin(bundle: NewBundle): JournalBundle {
    makePrivateFolder(this.path);
    const now = isoTime(this.clock());
    const id = freeId("batch", now, fileNames(this.path));
    return JournalBundle.create(
      join(this.path, `${id}.json`),
      { version: journalVersion, id, state: "open", startedAt: now, updatedAt: now, ...bundle },
      this.clock,
    );
  }

  /** Bundles that have not ended, newest first. Throws `JournalError` for one that cannot be read: it may be open. */
  open(): JournalBundle[] {
    const { open, unreadable } = this.read();
    const [first] = unreadable;
    if (first !== undefined) throw first;
    return open;
  }

  /** Bundles that have not ended, newest first, and those that cannot be read. */
  read(): { readonly open: JournalBundle[]; readonly unreadable: readonly JournalError[] } {
    const open: JournalBundle[] = [];
    const unreadable: JournalError[] = [];
    for (const name of fileNames(this.path).filter((name) => /^(?:batch|several)-.*\.json$/.test(name))) {
      try {
        const bundle = JournalBundle.open(join(this.path, name), this.clock);
        if (bundle.contents.state === "open") open.push(bundle);
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        unreadable.push(error);
      }
    }
    return { open: open.sort((a, b) => (a.contents.startedAt < b.contents.startedAt ? 1 : -1)), unreadable };
  }
}

/** Ids start with what they are of and the time; two within one millisecond differ by a number at their end. */
export function freeId(prefix: string, now: string, names: readonly string[]): string {
  const base = `${prefix}-${now.replace(/[-:.]/g, "").replace("Z", "")}`;
  const taken = new Set(names);
  let id = base;
  for (let number = 2; taken.has(`${id}.json`); number += 1) id = `${base}-${number}`;
  return id;
}
