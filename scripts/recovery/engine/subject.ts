import * as z from "zod";
import type { JournalContents, JournalGuest } from "./journal-contents";

/** A guest of the settings. */
export interface GuestSubject {
  readonly kind: "guest";
  readonly environment: string;
  readonly name: string;
  /** Its id in Proxmox. */
  readonly id: number;
  /** Node of the settings; a plan may have found it on another. */
  readonly node: string;
}

/** The Pulumi stack of an environment, and its state. */
export interface StackSubject {
  readonly kind: "stack";
  readonly environment: string;
}

/** Several guests of one node, worked on by one task. */
export interface NodeSubject {
  readonly kind: "node";
  readonly environment: string;
  readonly node: string;
  /** Its place among the nodes of the environment, from 1: journals of nodes are told apart by it. */
  readonly number: number;
}

/** Everything that the settings declare. Its journals are kept with those of one environment, always the same. */
export interface SiteSubject {
  readonly kind: "site";
  /** The environment that keeps them. */
  readonly environment: string;
}

/** What an operation works on. One operation at a time is half done on a subject. */
export type Subject = GuestSubject | StackSubject | NodeSubject | SiteSubject;

/** What tells one subject of an environment from another. */
export type SubjectKey =
  | Pick<GuestSubject, "kind" | "id">
  | Pick<StackSubject, "kind">
  | Pick<NodeSubject, "kind" | "number">
  | Pick<SiteSubject, "kind">;

/** What to call it, on a command line where it has a name there: `prod/web`, `prod`, `prod on pve-prod`. */
export function subjectName(subject: Subject): string {
  switch (subject.kind) {
    case "guest":
      return `${subject.environment}/${subject.name}`;
    case "stack":
      return subject.environment;
    case "node":
      return `${subject.environment} on ${subject.node}`;
    case "site":
      return theSite;
  }
}

/** What the whole site is called. */
const theSite = "the site";

/** Ids of guests begin here; journals of nodes have numbers below. */
const firstGuestId = 100;

/** The number of an environment's drills, where nodes have theirs: they keep nobody from working on a node or a guest. */
export const drillNumber = 99;

/** The number of operations on the whole site, where nodes have theirs. What they run on guests and stacks has journals of its own. */
export const siteNumber = 98;

/** The lock of an operation that keeps nobody from working on a node or a guest; undefined for every other. */
export function ownLock({ id }: Pick<JournalGuest, "id">): SubjectKey | undefined {
  if (id === siteNumber) return { kind: "site" };
  return id === drillNumber ? { kind: "node", number: drillNumber } : undefined;
}

/** What to call the guest or node of a journal. */
export function journalSubjectName({ environment, name, id }: JournalGuest): string {
  if (id === siteNumber) return theSite;
  return isNode({ id }) ? `${environment} on ${name}` : `${environment}/${name}`;
}

/** Whether a journal is of a node, and not of a guest or a stack. */
export function isNode(guest: Pick<JournalGuest, "id"> | undefined): boolean {
  return guest !== undefined && guest.id < firstGuestId;
}

const runPlan = z.object({ guests: z.array(z.object({ id: z.number(), name: z.string() })).readonly() });

/** The guests that an operation on a node works on, as its plan names them; undefined for a plan of an unknown form. */
export function guestsOfRun({
  plan,
}: Pick<JournalContents, "plan">): readonly Pick<GuestSubject, "id" | "name">[] | undefined {
  return runPlan.safeParse(plan).data?.guests;
}

/**
 * How a journal names its subject. Journals of nodes use the place of a guest's id for the number of the node: ids of
 * guests begin at 100.
 *
 * @param node where the plan found the guest; by default the node of the settings.
 */
export function journalGuest(subject: Subject, node?: string): JournalContents["guest"] {
  switch (subject.kind) {
    case "guest": {
      const { environment, name, id } = subject;
      return { environment, name, id, node: node ?? subject.node };
    }
    case "node":
      return { environment: subject.environment, name: subject.node, id: subject.number, node: subject.node };
    case "site":
      return { environment: subject.environment, name: theSite, id: siteNumber, node: theSite };
    case "stack":
      return undefined;
  }
}
