import type { JournalContents } from "./journal-contents";
import { guestsOfRun, isNode, journalSubjectName } from "./subject";

/** Of a change of keys: `lifeboat up` has to know whether one is half done, too. */
export const rotateKeysKind = "rotate-keys";

/** Name of a recovery of the whole site in journals. */
export const recoverKind = "recover";

/** A kind of operation by the words that people have for it. */
interface OperationKind {
  /** `restore`, as in "a restore of prod/web begun at …". */
  readonly name: string;
  /** `lifeboat undo` takes it back while it is half done. */
  readonly undo: boolean;
  /** It leaves its subject as it is, such as a backup. */
  readonly changesNothing?: true;
  /** It is never resumed or given up: what the next one does about it, as in `the next one ends it`. */
  readonly heldAnew?: string;
  /** It brings its subject back, whatever state that is in. */
  readonly bringsBack?: true;
  /** Kinds that it makes void while they are half done: it goes another way to the same end. */
  readonly supersedes?: readonly string[];
}

/** Every kind by its name in journals, so that any operation can say what else is half done, and what to do about it. */
const kinds: Readonly<Record<string, OperationKind>> = {
  "restore-guest": { name: "restore", undo: true, bringsBack: true },
  "restore-data": { name: "restore of data", undo: true },
  "rollback-snapshot": { name: "rollback", undo: false },
  "point-in-time": { name: "recovery to a point in time", undo: false },
  "undo-point-in-time": { name: "return from a recovery to a point in time", undo: false },
  snapshot: { name: "snapshot", undo: false, changesNothing: true },
  "grow-disks": { name: "change of the disks", undo: false },
  "backup-guest": { name: "backup", undo: false, changesNothing: true },
  "backup-run": { name: "backup", undo: false, changesNothing: true },
  drill: { name: "drill", undo: false, changesNothing: true, heldAnew: "ends it and destroys what it left" },
  "forget-save-points": { name: "deletion of save points", undo: false },
  "restore-state": { name: "restore of the state", undo: false },
  "prune-state": { name: "pruning of the state's history", undo: false },
  "state-fallback": { name: "fallback", undo: false, supersedes: ["restore-state"] },
  "state-return": { name: "return", undo: false },
  "rebuild-state-store": { name: "rebuild of the state store", undo: false, supersedes: ["restore-state"] },
  "rebuild-monitoring": { name: "rebuild of monitoring", undo: false },
  [rotateKeysKind]: { name: "change of the keys", undo: false },
  up: { name: "deployment", undo: false },
  [recoverKind]: { name: "recovery", undo: false, changesNothing: true, heldAnew: "looks again and does what is left" },
};

/** What a journal is of, and how it is brought to an end. */
export interface OpenOperation {
  /** `a restore of prod/web`. */
  readonly text: string;
  /** The commands that end it: `resume it: …; or take it back: …`. */
  readonly hint: string;
  /** The same without giving it up. */
  readonly ways: string;
  /** The command that gives it up, or that ends it where that is not needed. */
  readonly abandon: string;
}

/** The environment of an operation, with the guests that its settings have now. */
interface OperationEnvironment {
  readonly name: string;
  readonly settings: { readonly guests: readonly { readonly id: number; readonly name: string }[] };
}

/**
 * What people are told of an operation that is half done. A kind that this version does not know is named as such. A guest
 * that has left the settings can only be taken back or given up: every other command looks for it there.
 */
export function describeOpen(
  contents: JournalContents,
  { name: environment, settings }: OperationEnvironment,
): OpenOperation {
  const { kind, guest, command, request } = contents;
  const known = request["undo"] === undefined ? kinds[kind] : { name: "undo", undo: false };
  const name = known === undefined ? `an operation '${kind}'` : withArticle(known.name);
  if (known?.heldAnew !== undefined) {
    const ways = `the next one ${known.heldAnew}: ${command}`;
    const whose = kind === recoverKind && guest !== undefined ? journalSubjectName(guest) : environment;
    return { text: `${name} of ${whose}`, ways, hint: ways, abandon: command };
  }
  const subject = guest === undefined ? environment : journalSubjectName(guest);
  const back = known?.undo === true && guest !== undefined ? `; or take it back: lifeboat undo ${subject}` : "";
  // A run over several guests is given up by any one of them.
  const isDeclared = (one: { readonly id: number; readonly name: string }): boolean =>
    settings.guests.some(({ id, name: declared }) => id === one.id && declared === one.name);
  const [member] = isNode(guest) ? (guestsOfRun(contents) ?? []) : guest === undefined ? [] : [guest];
  const stuck =
    member === undefined ? subject : `${environment}/${isDeclared(member) ? member.name : String(member.id)}`;
  const abandon = `lifeboat abandon ${stuck}`;
  if (guest !== undefined && !isNode(guest) && !isDeclared(guest)) {
    const undo = known?.undo === true ? `; or take it back: lifeboat undo ${stuck}` : "";
    const ways = `the settings do not have it under this name and number any more: put it back there, and then ${command}${undo}`;
    return {
      text: `${name} of ${subject}`,
      ways,
      abandon,
      hint: `${ways}; or give the operation up: ${abandon}`,
    };
  }
  const ways = `resume it: ${command}${back}`;
  return { text: `${name} of ${subject}`, ways, abandon, hint: `${ways}; or, if it cannot be ended: ${abandon}` };
}

/**
 * Whether an operation that is half done has to be ended before one of this kind. A backup or a snapshot need not be before
 * a restore: on the worst day nobody can end it any more.
 */
export function mustEndBefore(open: string, kind: string): boolean {
  if (isSuperseded(open, kind)) return false;
  return kinds[open]?.changesNothing !== true || kinds[kind]?.bringsBack !== true;
}

/** Whether an operation that is half done is void as soon as one of this kind begins. */
export function isSuperseded(open: string, kind: string): boolean {
  return kinds[kind]?.supersedes?.includes(open) === true;
}

/** The command that takes an operation back while it is half done; undefined where there is none. */
export function undoCommand({ kind, guest, request }: JournalContents): string | undefined {
  return kinds[kind]?.undo === true && guest !== undefined && request["undo"] === undefined
    ? `lifeboat undo ${guest.environment}/${guest.name}`
    : undefined;
}

function withArticle(name: string): string {
  return `${/^[aeiou]/u.test(name) ? "an" : "a"} ${name}`;
}
