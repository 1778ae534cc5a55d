import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { typeOfGuest } from "../guest-types";
import { markOf, readMark } from "../mark";
import type { Environment, OwnedGuest } from "../settings/environment";
import { declaredStore } from "../state-store/location";
import type { LeftOut } from "./left-out";
import { planStore, type StoreContent, type StoreOnSite, type StorePlan } from "./store-plan";

/** A guest as its node describes it. */
export interface GuestOnSite {
  readonly node: string;
  readonly type: "lxc" | "qemu";
  readonly name: string;
  /** Keys and values as Proxmox returns them. */
  readonly configuration: ConfigurationKeys;
}

/** Who has the id of a declared guest: somebody, nobody, or a guest that the token may not see. */
export type IdOnSite = GuestOnSite | "free" | "unseen";

/** What there is on the site of what an environment declares. */
export interface SiteContents {
  /** By id, for every guest that the settings want to be made. */
  readonly guests: ReadonlyMap<number, IdOnSite>;
  /** The backup storage with Proxmox's word for its type, `dir`. */
  readonly storage: { readonly type: string } | "free" | "unseen";
  readonly jobExists: boolean;
  /** Only where the environment declares the state store. */
  readonly store?: StoreContents | undefined;
}

/** A state store: what the program makes in it, and what is there. */
export interface StoreContents {
  readonly content: StoreContent;
  readonly found: StoreOnSite;
}

/** A guest that is taken into the new state, as its node describes it. */
export interface ImportedGuest {
  readonly guest: OwnedGuest;
  readonly configuration: ConfigurationKeys;
}

/** What goes into the new state of an environment, and what does not. */
export interface ImportPlan {
  readonly guests: readonly ImportedGuest[];
  readonly storage: boolean;
  readonly job: boolean;
  readonly store: StorePlan | undefined;
  readonly leftOut: readonly LeftOut[];
}

/**
 * Decides what is taken into a new state: what the settings declare, is on the site, and is this environment's own. A guest
 * without its mark is somebody else's, whatever its id (A14).
 */
export function planImport(environment: Environment, contents: SiteContents): ImportPlan {
  const guests: ImportedGuest[] = [];
  const leftOut: LeftOut[] = [];
  for (const guest of environment.guests) {
    if (guest.kind === "adopted") continue;
    const decision = decide(environment, guest, contents.guests.get(guest.id) ?? "free");
    if ("configuration" in decision) guests.push(decision);
    else leftOut.push(decision);
  }
  const { storage } = environment.backup;
  const found = typeof contents.storage === "string" ? undefined : contents.storage.type;
  const takesStorage = storage.type !== "adopted" && found === storage.type;
  const store = storePlan(environment, contents, guests);
  const hasJob = environment.guests.some(({ optOut }) => optOut === undefined);
  return {
    guests,
    storage: takesStorage,
    job: hasJob && contents.jobExists,
    store,
    leftOut: [
      ...leftOut,
      ...(takesStorage ? [] : storageLeftOut(environment, contents)),
      ...(hasJob && !contents.jobExists ? [jobLeftOut(environment)] : []),
      ...(store?.leftOut ?? []),
    ],
  };
}

function storePlan(
  environment: Environment,
  { store }: SiteContents,
  guests: readonly ImportedGuest[],
): StorePlan | undefined {
  const declared = declaredStore(environment);
  if (declared === undefined || store === undefined) return undefined;
  const host = declared.store.kind === "container" ? declared.store.guest : undefined;
  const guest = guests.map((imported) => imported.guest).find(({ name }) => name === host);
  return planStore(declared, store.content, store.found, guest?.kind === "container" ? guest : undefined);
}

function decide(environment: Environment, guest: OwnedGuest, found: IdOnSite): ImportedGuest | LeftOut {
  const leave = (why: string, next: string, isMade = false): LeftOut => ({ what: nameOf(guest), why, next, isMade });
  const selector = `${environment.name}/${guest.name}`;
  if (found === "free") {
    const next = `where there are backups of it: lifeboat restore guest ${selector}, then the same again; without any, the next update makes it, empty`;
    return leave("it is not on the site", next, true);
  }
  if (found === "unseen") {
    return leave("the token may not see who has its id", `lifeboat doctor ${environment.name}`);
  }
  const { node, type, name, configuration } = found;
  const who = `${type === "lxc" ? "container" : "virtual machine"} ${String(guest.id)} (${name}) on ${node}`;
  const mark = readMark(configuration["description"]);
  if (type !== typeOfGuest(guest) || mark?.environment !== environment.name || mark.guest !== guest.name) {
    const whose =
      mark === undefined ? "was not made by Lifeboat" : `bears the mark of ${mark.environment}/${mark.guest}`;
    const wanted = markOf({ environment: environment.name, guest: guest.name });
    return leave(
      type === typeOfGuest(guest) ? `${who} ${whose}` : `its id belongs to a guest of the other kind: ${who}`,
      `if it is this guest, write the line '${wanted}' at the end of its notes in Proxmox; otherwise give ${guest.name} another id, or write \`${guest.name}: { adopt: ${String(guest.id)} }\``,
    );
  }
  if (node !== guest.node) {
    return leave(`it is on ${node}, and the settings say ${guest.node}`, `write \`node: ${node}\` in its settings`);
  }
  return { guest, configuration };
}

function nameOf({ kind, name, id }: OwnedGuest): string {
  return `${kind.replace("-", " ")} ${name} (${String(id)})`;
}

function storageLeftOut({ name, backup }: Environment, { storage }: SiteContents): LeftOut[] {
  const { id, type } = backup.storage;
  const what = `backup storage ${id}`;
  if (type === "adopted") return [];
  if (storage === "free") {
    return [{ what, why: "it is not on the site", next: "the next update makes it", isMade: true }];
  }
  if (storage === "unseen") {
    const why = "it is not on the site, or the token may not see it";
    return [
      { what, why, next: `lifeboat doctor ${name} tells; where it is gone, the next update makes it`, isMade: false },
    ];
  }
  const next = `write its settings as it is, or \`storage: { id: ${id}, adopt: true }\``;
  return [{ what, why: `it is of type ${storage.type}, and the settings say ${type}`, next, isMade: false }];
}

function jobLeftOut({ backup }: Environment): LeftOut {
  const next = "the next update makes it; until then nothing is backed up";
  return { what: `backup job ${backup.jobId}`, why: "it is not on the site", next, isMade: true };
}
