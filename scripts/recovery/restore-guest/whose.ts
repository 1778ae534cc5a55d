import type { GuestConfiguration } from "../../../proxmox/rules/guest-configuration";
import {
  type GuestIdentity,
  identityOf,
  isOwn,
  type MeantGuest,
  type Whose,
  whoseArchive,
  whosePresent,
} from "../../../site/restore/identity";
import type { Environment, Guest } from "../../../site/settings/environment";
import { volumesOf } from "../steps/guest/guest-snapshots";
import type { FoundArchive, PresentGuest } from "../steps/guest/inspection";
import { meantGuest } from "../steps/guest/meant-guest";

/** Whose the archive and the guest in its place are. */
export interface Ownership {
  readonly archive: Whose;
  /** Undefined: nothing is there, or it cannot be told while it is locked. */
  readonly present: Whose | undefined;
  /** The newest older archive that is certainly the guest's, where the chosen one is not. */
  readonly olderOwn: string | undefined;
}

interface OwnershipParts {
  readonly guest: Guest;
  readonly settings: Environment;
  readonly present: PresentGuest | undefined;
  readonly chosen: FoundArchive;
  readonly archived: GuestConfiguration;
  readonly older: readonly FoundArchive[];
  /** Reads an older archive's configuration; a text says why it cannot be read. */
  readonly read: (archive: FoundArchive) => Promise<GuestConfiguration | string>;
}

/** How many older archives are read to find one that is the guest's own. */
const archivesToRead = 20;

/** Judges archive and present guest by what their configurations say. */
export async function ownershipOf(parts: OwnershipParts): Promise<Ownership> {
  const { guest, settings, present, chosen, archived, older, read } = parts;
  const meant = meantGuest(guest, settings);
  const now =
    present !== undefined && isWhole(present) ? identityOf(present.address.type, present.configuration) : undefined;
  const archive = whoseArchive(identityIn(chosen, archived), meant, now);
  return {
    archive,
    present: now && whosePresent(now, meant),
    olderOwn: isOwn(archive) ? undefined : await findOwn(older, read, meant, now),
  };
}

/** A guest on which a task is at work, or has died, has not its whole configuration; one without disks is only a number. */
function isWhole({ lock, address, configuration }: PresentGuest): boolean {
  return lock === undefined && volumesOf(address.type, configuration).length > 0;
}

function identityIn({ type }: FoundArchive, { keys, description }: GuestConfiguration): GuestIdentity {
  return identityOf(type, keys, description);
}

async function findOwn(
  older: readonly FoundArchive[],
  read: OwnershipParts["read"],
  meant: MeantGuest,
  present: GuestIdentity | undefined,
): Promise<string | undefined> {
  for (const archive of older.slice(0, archivesToRead)) {
    const found = await read(archive);
    if (typeof found === "string") continue;
    if (isOwn(whoseArchive(identityIn(archive, found), meant, present))) return archive.volid;
  }
  return undefined;
}
