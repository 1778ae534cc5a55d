/** What `user.cfg` says of who may what. Texts are decoded; `line` is what says the same as the file has it. */
export interface UserConfiguration {
  readonly users: readonly ConfiguredUser[];
  readonly tokens: readonly ConfiguredToken[];
  readonly groups: readonly ConfiguredGroup[];
  readonly roles: readonly ConfiguredRole[];
  readonly pools: readonly ConfiguredPool[];
  /** One for each path, name and role. */
  readonly acl: readonly ConfiguredRight[];
  /** Lines that are none of these. */
  readonly unread: readonly string[];
}

export interface ConfiguredUser {
  /** `joe@pve` */
  readonly id: string;
  readonly enabled: boolean;
  /** Seconds since 1970; 0: never. */
  readonly expire: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly comment: string;
  /** A second factor is asked for. */
  readonly hasSecondFactor: boolean;
  /** Without that, which no file but one of secrets has. */
  readonly line: string;
}

export interface ConfiguredToken {
  /** `joe@pve` */
  readonly user: string;
  readonly name: string;
  readonly expire: number;
  readonly separated: boolean;
  readonly comment: string;
  readonly line: string;
}

export interface ConfiguredGroup {
  readonly id: string;
  readonly members: readonly string[];
  readonly comment: string;
  /** Without the members. */
  readonly line: string;
}

export interface ConfiguredRole {
  readonly id: string;
  readonly privileges: readonly string[];
  readonly line: string;
}

export interface ConfiguredPool {
  readonly id: string;
  readonly comment: string;
  readonly guests: readonly number[];
  readonly storages: readonly string[];
  /** Without the members. */
  readonly line: string;
}

export interface ConfiguredRight {
  readonly path: string;
  readonly kind: "users" | "groups" | "tokens";
  /** `joe@pve`, `admins`, `joe@pve!automation` */
  readonly who: string;
  readonly role: string;
  readonly propagate: boolean;
}

const userId = /^[^\s:/,!\p{C}-][^\s:/,!\p{C}]*@[A-Za-z][A-Za-z0-9._-]*$/u;
const tokenName = /^[A-Za-z][A-Za-z0-9._-]*$/u;
const name = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/u;
const poolId = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*){0,2}$/u;
const privilege = /^[A-Za-z]+(?:\.[A-Za-z]+)*$/u;
const aclPath = /^\/[A-Za-z0-9_./-]*$/u;
const seconds = /^\d{0,12}$/u;

type Parts = { -readonly [Key in keyof UserConfiguration]: UserConfiguration[Key][number][] };

/** Reads each line for itself: one that is not understood is named, and the others count. */
export function parseUserConfiguration(text: string): UserConfiguration {
  const parts: Parts = { users: [], tokens: [], groups: [], roles: [], pools: [], acl: [], unread: [] };
  for (const line of text.split("\n")) {
    if (/^\s*(?:#.*)?$/u.test(line)) continue;
    const [kind = "", ...fields] = line.split(":");
    if (readers[kind]?.(fields, parts) !== true) parts.unread.push(line);
  }
  return parts;
}

/** Each takes the fields behind the first, and says whether they were what it knows. */
const readers: Readonly<Record<string, (fields: readonly string[], parts: Parts) => boolean>> = {
  user: ([id = "", enabled = "", expire = "", first = "", last = "", email = "", comment = "", keys = ""], parts) => {
    if (!userId.test(id) || !seconds.test(expire)) return false;
    parts.users.push({
      id,
      enabled: isOn(enabled),
      expire: Number(expire),
      firstName: decoded(first),
      lastName: decoded(last),
      email,
      comment: decoded(comment),
      hasSecondFactor: keys !== "",
      line: ["user", id, enabled, expire, first, last, email, comment].join(":"),
    });
    return true;
  },
  token: ([id = "", expire = "", separated = "", comment = ""], parts) => {
    const [user = "", token = "", ...more] = id.split("!");
    if (more.length > 0 || !userId.test(user) || !tokenName.test(token) || !seconds.test(expire)) return false;
    parts.tokens.push({
      user,
      name: token,
      expire: Number(expire),
      separated: isOn(separated),
      comment: decoded(comment),
      line: ["token", id, expire, separated, comment].join(":"),
    });
    return true;
  },
  group: ([id = "", list = "", comment = ""], parts) => {
    const members = listed(list);
    if (!name.test(id) || !members.every((one) => userId.test(one))) return false;
    parts.groups.push({ id, members, comment: decoded(comment), line: ["group", id, comment].join(":") });
    return true;
  },
  role: ([id = "", list = ""], parts) => {
    const privileges = listed(list).toSorted();
    if (!name.test(id) || !privileges.every((one) => privilege.test(one))) return false;
    parts.roles.push({ id, privileges, line: ["role", id, privileges.join(",")].join(":") });
    return true;
  },
  pool: ([id = "", comment = "", guests = "", storages = ""], parts) => {
    const [ids, stores] = [listed(guests), listed(storages)];
    if (!poolId.test(id) || !ids.every((one) => /^\d+$/u.test(one)) || !stores.every((one) => name.test(one))) {
      return false;
    }
    const line = ["pool", id, comment].join(":");
    parts.pools.push({ id, comment: decoded(comment), guests: ids.map(Number), storages: stores, line });
    return true;
  },
  acl: ([propagate = "", path = "", people = "", list = ""], parts) => {
    const [names, roles] = [listed(people).map(holderOf), listed(list)];
    const isRead = aclPath.test(path) && roles.every((one) => name.test(one));
    if (!isRead || names.some((one) => one === undefined)) return false;
    for (const one of names) {
      if (one === undefined) continue;
      for (const role of roles) parts.acl.push({ path, ...one, role, propagate: isOn(propagate) });
    }
    return true;
  },
};

function holderOf(text: string): Pick<ConfiguredRight, "kind" | "who"> | undefined {
  if (text.startsWith("@")) {
    const who = text.slice(1);
    return name.test(who) ? { kind: "groups", who } : undefined;
  }
  if (userId.test(text)) return { kind: "users", who: text };
  const [user = "", token = "", ...more] = text.split("!");
  return more.length === 0 && userId.test(user) && tokenName.test(token) ? { kind: "tokens", who: text } : undefined;
}

function isOn(text: string): boolean {
  return text === "1";
}

function listed(text: string): string[] {
  return text.split(/[,;\s]+/u).filter((one) => one !== "");
}

/** Proxmox writes controls, colons, percent signs and everything beyond ASCII as bytes of UTF-8: `%3A`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
