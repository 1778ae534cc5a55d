import type { NeededPrivilege } from "../../proxmox/rules/privileges";
import type { LiveContainer } from "../changes/replacements";
import type { CalendarDay, OwnedGuest } from "../settings/environment";

/** Who has the id of a declared guest. */
export type Occupant =
  | { readonly kind: "nobody" }
  /** A guest of one of both kinds; `description` as Proxmox returns it. */
  | ({
      readonly kind: OwnedGuest["kind"];
      readonly node: string;
      readonly name: string;
      readonly description: string;
    } & LiveContainer)
  /** Taken, but the token may not see by whom. */
  | { readonly kind: "unseen" }
  /** Proxmox could not say; the reason is one line. */
  | { readonly kind: "unknown"; readonly reason: string };

/** Archives of a guest on its environment's backup storage. Only asked for ids that are free. */
export type ArchivesOfId =
  | { readonly kind: "known"; readonly count: number; readonly newest?: number | undefined }
  /** The token lacks privileges, so that an empty list proves nothing. */
  | { readonly kind: "unseen"; readonly missing: readonly string[] }
  /** The storage is not there yet: nothing can be on it that Proxmox knows of. */
  | { readonly kind: "no-storage" }
  | { readonly kind: "unknown"; readonly reason: string };

/** Archives with a guest's mark under other numbers. Only asked for guests that have none under their own. */
export type ArchivesUnderOthers =
  | { readonly kind: "none" }
  /** `newest`: unix seconds. */
  | { readonly kind: "found"; readonly id: number; readonly count: number; readonly newest: number }
  | { readonly kind: "unknown"; readonly reason: string };

/** Whole copies of a guest's archives in the bucket elsewhere. Only asked for guests that are not there. */
export type CopiesOfGuest =
  /** `newest` is the archive's own name. */
  | { readonly kind: "known"; readonly count: number; readonly newest?: string | undefined }
  | { readonly kind: "unknown"; readonly reason: string };

export interface GuestFacts {
  readonly guest: OwnedGuest;
  readonly occupant: Occupant;
  readonly archives?: ArchivesOfId | undefined;
  readonly underOthers?: ArchivesUnderOthers | undefined;
  /** Undefined: nobody has asked, or there is no bucket elsewhere. */
  readonly copies?: CopiesOfGuest | undefined;
}

/** What Proxmox said about an environment. */
export interface SiteFacts {
  readonly guests: readonly GuestFacts[];
  /** Adopted guests of the settings that are not there. */
  readonly missingAdopted: readonly number[];
  /** Whether the environment's job is there; undefined where the token may not see, and `jobUnread` says why. */
  readonly jobExists?: boolean | undefined;
  readonly jobUnread?: string | undefined;
  /** It selects its guests in another way than by their ids: somebody switched it to all of them, or to a pool. */
  readonly jobIsSwitched?: boolean | undefined;
  /** Whether the storage that the settings declare is there; undefined for an adopted one. */
  readonly storageExists?: boolean | undefined;
  /** URNs of everything in the stack's state; undefined where it could not be read, and `recordedUnread` says why. */
  readonly recorded?: readonly string[] | undefined;
  readonly recordedUnread?: string | undefined;
  /** Pools of the settings that are not there. */
  readonly missingPools?: readonly string[] | undefined;
  /** Undefined: nobody has asked. */
  readonly rights?: Rights | undefined;
  /** Guests with this environment's mark under ids that the settings do not have. */
  readonly strays?: readonly Stray[] | undefined;
  /** Guests that may be such ones: they have the mark's tag, and their notes could not be read. */
  readonly unreadStrays?: readonly UnreadStray[] | undefined;
  /** An id that is free and that no setting names; undefined where none was looked for. */
  readonly freeId?: number | undefined;
}

/** What the token may do of what an update may need. */
export interface Rights {
  readonly missing: readonly NeededPrivilege[];
  /** It may change nothing at all: a token for previews. */
  readonly onlyLooks: boolean;
}

/** The run that the facts are judged for. */
export interface Run {
  /** Nothing is made: what is not known is told, and stops an update only. */
  readonly preview: boolean;
  readonly today: CalendarDay;
}

/** A guest that this environment has made, by its mark, and that is not where the settings have it. */
export interface Stray {
  /** Key in the settings that it was made for. */
  readonly guest: string;
  readonly id: number;
  readonly node: string;
}

/** A guest with the mark's tag, and why nobody can say whose it is. */
export interface UnreadStray {
  readonly id: number;
  readonly node: string;
  /** One line. */
  readonly reason: string;
}
