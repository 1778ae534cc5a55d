import { parseArchiveName, whyNotRestorable } from "../../proxmox/rules/archive-names";
import { archiveFileName } from "../../proxmox/rules/volume-ids";
import { doubtOf } from "../restore/doubt";
import { type ArchiveInside, strangeInside } from "./judge-inside";
import { judgeLog } from "./judge-log";

/** An archive as its storage lists it. */
export interface ListedFile {
  readonly volid: string;
  /** Bytes; undefined where the storage tells none. */
  readonly size: number | undefined;
  /** Unix seconds. */
  readonly time: number;
}

/** What reading it on its node told. */
export interface ReadFile extends ArchiveInside {
  readonly result: { readonly kind: "whole" } | { readonly kind: "damaged" | "unread"; readonly why: string };
  readonly isChanging: boolean;
  readonly log: { readonly text: string } | "missing" | undefined;
}

export interface JudgeContext {
  /** The node's clock, unix seconds. */
  readonly now: number;
  readonly timeZone: string;
  /** A backup of the guest, or of several guests, runs on the node. */
  readonly running: boolean;
  /** Id of a guest of the settings, by its mark. */
  readonly numberOf: (mark: { environment: string; guest: string }) => number | undefined;
}

/** What became of verifying an archive. */
export interface Verdict {
  readonly kind:
    | "whole"
    /** It cannot be restored, or not as what it is called. */
    | "damaged"
    /** Its bytes are whole, and something about it is odd. */
    | "doubtful"
    /** Somebody writes it now. */
    | "writing"
    /** Nobody could look. */
    | "unseen";
  /** Half sentences. */
  readonly problems: readonly string[];
}

/** A copy that is on its way here, or somebody who has no business with it: what it will hold nobody can tell. */
const changing = "somebody writes to it, and no backup runs on its node";

/** Bytes of the end of a log that come along. */
const longestLog = 65_536;

/** What the name alone says against an archive; undefined: nothing. */
export function strangeName(volid: string, timeZone: string): string | undefined {
  const fileName = archiveFileName(volid);
  const name = fileName === undefined ? undefined : parseArchiveName(fileName, timeZone);
  if (name?.standard === true) return undefined;
  return "it was renamed: its name is none that vzdump gives, so that Proxmox tells neither its guest nor its age by it";
}

/** What is to be thought of an archive once it was read. */
export function judgeArchive(listed: ListedFile, read: ReadFile, context: JudgeContext): Verdict {
  const { result } = read;
  if (result.kind === "unread") return { kind: "unseen", problems: [result.why] };
  const fileName = archiveFileName(listed.volid) ?? "";
  const name = parseArchiveName(fileName, context.timeZone);
  const own = name?.standard === true ? name : undefined;
  const log =
    own === undefined || typeof read.log !== "object"
      ? undefined
      : judgeLog(
          read.log.text,
          { fileName, vmid: own.vmid, size: listed.size },
          Buffer.byteLength(read.log.text) >= longestLog,
        );
  if (context.running && (read.isChanging || result.kind === "damaged" || log?.kind === "unfinished")) {
    return { kind: "writing", problems: ["it is still being written"] };
  }
  if (read.isChanging) return { kind: "doubtful", problems: [changing] };
  const inside = own && strangeInside(own, read, context.numberOf);
  const unrestorable = name && whyNotRestorable(fileName, name.guestType === "qemu" ? "qemu" : "lxc");
  const damage = [
    ...(unrestorable === undefined ? [] : [unrestorable]),
    ...(result.kind === "damaged" ? [result.why] : []),
    ...(inside === undefined ? [] : [inside]),
    ...(log?.kind === "contradicts" ? [log.why] : []),
  ];
  const doubts = [
    ...[strangeName(listed.volid, context.timeZone), doubtOf(listed, context)].filter((one) => one !== undefined),
    ...(log?.kind === "unfinished" ? ["its log does not say that the backup ended"] : []),
    ...(own !== undefined && read.log === "missing"
      ? ["there is no log beside it: what vzdump said of this backup is not known"]
      : []),
  ];
  if (damage.length > 0) return { kind: "damaged", problems: [...damage, ...doubts] };
  return { kind: doubts.length > 0 ? "doubtful" : "whole", problems: doubts };
}
