import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { markTag } from "../../../site/mark";
import type { NodeMoment } from "../../../site/restore/doubt";
import {
  type Doubtful,
  type GuestIdentity,
  isCertainlyAnother,
  isOwn,
  mendAnother,
  tellAnother,
  tellArchive,
  type Whose,
  whosePresent,
} from "../../../site/restore/identity";
import type { Environment, Guest } from "../../../site/settings/environment";
import { runBounded } from "../../machine/bounded";
import { askWhoseArchive } from "../../recovery/steps/guest/archived-identity";
import { meantGuest, presentIdentity } from "../../recovery/steps/guest/meant-guest";
import { chooseNewest, type GuestArchive } from "./guest-archives";

/** Whose the guest under a declared number is, and its archives (D15). */
export interface Ownership {
  /** A text says why it cannot be read. Undefined: there is no guest, or it cannot be told now, as it is locked. */
  readonly present: Whose | string | undefined;
  readonly type: NodeGuest["type"] | undefined;
  /** The newest archives that are not known to be the guest's, newest first. */
  readonly archives: readonly JudgedArchive[];
}

interface JudgedArchive {
  readonly archive: GuestArchive;
  /** A text says why it cannot be read. */
  readonly whose: Doubtful | string;
}

/** What the nodes' lists say. */
export interface Listed {
  readonly onNode: ReadonlyMap<number, NodeGuest>;
  archivesOf(id: number): readonly GuestArchive[];
  readonly clock: NodeMoment;
}

/**
 * Whose guests and archives are, by the marks in their configurations, which Proxmox tells one by one only: its lists have no
 * more than an archive's notes, which whoever makes it words. The configuration of an adopted guest is asked for where its tags
 * say that Lifeboat marked it for somebody, or where its newest archive is not its own by the name that the list gives it.
 */
export async function readOwnership(
  client: ProxmoxClient,
  settings: Environment,
  listed: Listed,
): Promise<Map<number, Ownership>> {
  const bounds = { parallel: 16, perKey: 4, keyOf: ({ node }: Guest) => node };
  const found = await runBounded(
    settings.guests,
    bounds,
    async (guest) => [guest.id, await ownershipOf(client, settings, guest, listed)] as const,
  );
  return new Map(found);
}

async function ownershipOf(
  client: ProxmoxClient,
  settings: Environment,
  guest: Guest,
  { onNode, archivesOf, clock }: Listed,
): Promise<Ownership> {
  const meant = meantGuest(guest, settings);
  const onIt = onNode.get(guest.id);
  let present = onIt && isAsked(guest, onIt) ? await presentIdentity(client, onIt) : undefined;
  const judge = (archive: GuestArchive, identity: GuestIdentity | string | undefined): Promise<Whose | string> =>
    askWhoseArchive(client, archive.node, archive, {
      meant,
      present: typeof identity === "object" ? identity : undefined,
    });
  const judged: JudgedArchive[] = [];
  let left = archivesOf(guest.id);
  for (;;) {
    const { chosen } = chooseNewest(left, guest, onIt, clock);
    if (chosen === undefined) break;
    let whose = await judge(chosen, present ?? listedIdentity(onIt));
    if (present === undefined && onIt && typeof whose !== "string" && !isOwn(whose)) {
      present = await presentIdentity(client, onIt);
      whose = await judge(chosen, present);
    }
    if (typeof whose !== "string" && isOwn(whose)) break;
    judged.push({ archive: chosen, whose });
    if (!isAnothers(whose)) break;
    left = left.filter((archive) => archive !== chosen);
  }
  const whose = typeof present === "object" ? whosePresent(present, meant) : present;
  return { present: whose, type: onIt?.type, archives: judged };
}

function isAsked({ kind }: Guest, onNode: NodeGuest): boolean {
  return kind !== "adopted" || isTagged(onNode);
}

/** What the list of guests says of one. */
function listedIdentity(guest: NodeGuest | undefined): GuestIdentity | undefined {
  return guest && { mark: undefined, name: guest.name, cards: [] };
}

function isTagged(guest: NodeGuest): boolean {
  return guest.tags?.split(/[;, ]/u).includes(markTag) === true;
}

function isAnothers(whose: Doubtful | string): boolean {
  return typeof whose !== "string" && whose.kind === "another";
}

/** Those of the archives that are no other guest's. */
export function withoutAnothers(
  archives: readonly GuestArchive[],
  ownership: Ownership | undefined,
): readonly GuestArchive[] {
  const anothers = new Set(ownership?.archives.filter(({ whose }) => isAnothers(whose)).map(({ archive }) => archive));
  return archives.filter((archive) => !anothers.has(archive));
}

/** Guests that are to be backed up, and have no backup under their number. */
export function bareGuests(
  guests: readonly Guest[],
  { onNode, archivesOf, clock }: Listed,
  ownership: ReadonlyMap<number, Ownership>,
): Guest[] {
  return guests.filter((guest) => {
    const archives = withoutAnothers(archivesOf(guest.id), ownership.get(guest.id));
    return (
      guest.optOut === undefined && chooseNewest(archives, guest, onNode.get(guest.id), clock).chosen === undefined
    );
  });
}

/** Whether the guest under a declared number is certainly another: what is there of it says nothing of the declared one. */
export function isTaken({ name }: Pick<Guest, "name">, ownership: Pick<Ownership, "present"> | undefined): boolean {
  const present = ownership?.present;
  return typeof present === "object" && isCertainlyAnother(present, name);
}

/** A sentence without its full stop, and what to do about it. */
export interface OwnershipProblem {
  readonly kind: "unread" | "another" | "archive";
  readonly text: string;
  readonly mend?: string;
}

/** Another guest under the number of the declared one, which no command touches, and archives that are not its own. */
export function ownershipProblems(
  { id, node, name }: Pick<Guest, "id" | "node" | "name">,
  ownership: Ownership | undefined,
  environment: string,
): OwnershipProblem[] {
  const { present, type = "lxc", archives = [] } = ownership ?? {};
  const selector = `${environment}/${name}`;
  const guest = `guest ${String(id)}`;
  return [
    ...(typeof present === "string"
      ? [{ kind: "unread" as const, text: `${guest} does not tell whose it is: ${present}` }]
      : []),
    ...(typeof present === "object" && present.kind === "another"
      ? [
          {
            kind: "another" as const,
            text: tellAnother(`${guest} on ${node}`, present, selector),
            mend: mendAnother({ type, vmid: id }, selector),
          },
        ]
      : []),
    ...archives.map(({ archive, whose }) => ({
      kind: "archive" as const,
      text: archiveProblem(archive, whose, selector),
    })),
  ];
}

function archiveProblem({ volid }: GuestArchive, whose: Doubtful | string, selector: string): string {
  if (typeof whose === "string") return `${volid} does not tell whose it is: ${whose}`;
  const text = tellArchive(volid, whose, selector);
  return whose.kind === "another" ? `${text}; it counts as no backup` : text;
}
