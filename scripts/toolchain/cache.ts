import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import type { Origin, Part, Platform } from "./parts/part";
import { hashOfPart } from "./pins";
import { requireSafe } from "./safe-path";
import type { Sums } from "./sums";

/** Origins of parts that the cache holds. */
export type CachedOrigin = Exclude<Origin, "already installed">;

const folderOfOrigin: Record<CachedOrigin, string> = {
  official: "official",
  "built from upstream": "built",
  "stand-in": "stand-in",
};

const receiptFile = "receipt.json";

/** How long a failed request for an official part is remembered. */
const trialMilliseconds = 24 * 60 * 60 * 1000;

const receiptSchema = z.object({
  part: z.string(),
  version: z.string(),
  origin: z.enum(["official", "built from upstream", "stand-in"]),
  /** Bytes of the program: a file that a power cut has shortened is not trusted. */
  size: z.number(),
  /** The address that the program was taken from, or the module that it was built of. */
  source: z.string(),
  obtainedAt: z.string(),
  seconds: z.number(),
  /** SHA-256 of the archive that it was taken from. */
  sum: z.string().optional(),
});

export type Receipt = z.infer<typeof receiptSchema>;

/** A copy of a part that can be used. */
export interface Copy {
  readonly part: Part;
  readonly origin: Origin;
  readonly version: string;
  readonly program: string;
}

/**
 * What the toolchain keeps between runs. Each part has a folder of its own, named by the hash of its pins, which appears
 * by one rename when it is complete. Everything half-done is under `work/`, where no later run looks for parts.
 */
export class Cache {
  private readonly partFolders = new Map<Part, string>();

  constructor(
    readonly folder: string,
    private readonly platform: Platform,
    private readonly sums: Sums,
  ) {}

  /**
   * The copy of this origin, or undefined where there is none or it is not whole.
   *
   * @throws UnsafePath where another user could have put it there.
   */
  find(part: Part, origin: CachedOrigin): Copy | undefined {
    const folder = this.folderOf(part, origin);
    const program = path.join(folder, part.executable);
    [path.join(folder, receiptFile), program].forEach(requireSafe);
    const receipt = readReceipt(folder);
    const size = statSync(program, { throwIfNoEntry: false })?.size;
    if (receipt?.origin !== origin || receipt.version !== part.version || receipt.size !== size) {
      return undefined;
    }
    if (origin === "official" && (receipt.sum === undefined || receipt.sum !== this.pinnedSum(part))) {
      return undefined;
    }
    return { part, origin, version: receipt.version, program };
  }

  /** Moves a finished program from a work folder to its place, together with a receipt. */
  keep(
    part: Part,
    origin: CachedOrigin,
    finished: { program: string; source: string; sum?: string; seconds: number },
  ): Copy {
    const staging = this.workFolder(`${part.name}-finished`);
    const program = path.join(staging, part.executable);
    renameSync(finished.program, program);
    const receipt: Receipt = {
      part: part.name,
      version: part.version,
      origin,
      size: statSync(program).size,
      source: finished.source,
      obtainedAt: new Date().toISOString(),
      seconds: Math.round(finished.seconds),
      ...(finished.sum !== undefined && { sum: finished.sum }),
    };
    writeFileSync(path.join(staging, receiptFile), `${JSON.stringify(receipt, null, 2)}\n`);
    const folder = this.folderOf(part, origin);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(path.dirname(folder), { recursive: true });
    renameSync(staging, folder);
    return { part, origin, version: part.version, program: path.join(folder, part.executable) };
  }

  /** SHA-256 of the part's published archive; undefined where none is pinned. */
  pinnedSum(part: Part): string | undefined {
    const release = part.official?.(this.platform);
    return release && this.sums.of(release.archive);
  }

  /** A new, empty folder for something half-done. */
  workFolder(purpose: string): string {
    const folder = path.join(this.workRoot, `${purpose}-${randomUUID()}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Notes that a place was asked for the official part and did not give it. */
  noteOfficialTried(part: Part, source: string): void {
    const file = this.fileOfTrial(part);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, source);
  }

  /** Whether this place did not give the official part less than a day ago. */
  wasOfficialTried(part: Part, source: string): boolean {
    const file = this.fileOfTrial(part);
    const triedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - triedAt < trialMilliseconds && readFileSync(file, "utf8") === source;
  }

  /** Where everything half-done is. Only the holder of the lock may look or clean here. */
  get workRoot(): string {
    return path.join(this.folder, "work");
  }

  /** Whether a program on PATH is only a link to something in this cache. */
  contains(program: string): boolean {
    return existsSync(this.folder) && !path.relative(this.folder, program).startsWith("..");
  }

  private fileOfTrial(part: Part): string {
    return path.join(this.folderOfPart(part), "official-tried");
  }

  private folderOf(part: Part, origin: CachedOrigin): string {
    return path.join(this.folderOfPart(part), folderOfOrigin[origin]);
  }

  /** The hash is taken once: what was begun is kept under the pins that it was begun with. */
  private folderOfPart(part: Part): string {
    const known = this.partFolders.get(part);
    if (known !== undefined) {
      return known;
    }
    const name = `${part.name}-${part.version}-${hashOfPart(part, this.platform)}`;
    const folder = path.join(this.folder, "parts", name);
    this.partFolders.set(part, folder);
    return folder;
  }
}

function readReceipt(folder: string): Receipt | undefined {
  const file = path.join(folder, receiptFile);
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    return receiptSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
