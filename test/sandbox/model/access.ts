import { permissionFailure } from "../protocol/failure";
import { BUILT_IN_ROLES, PRIVILEGES } from "../protocol/roles";
import type { AccessState, AclEntry, TokenEntry } from "./state";

/** Who calls. */
export interface Caller {
  /** `root@pam`; empty for a call without sign-in. */
  userid: string;
  /** `tok`, for a call with an API token. */
  tokenid: string | undefined;
  /** `root@pam` or `root@pam!tok`: what UPIDs and logs say. */
  name: string;
}

export const ANONYMOUS: Caller = { userid: "", tokenid: undefined, name: "" };

export function userCaller(userid: string): Caller {
  return { userid, tokenid: undefined, name: userid };
}

export function tokenCaller(userid: string, tokenid: string): Caller {
  return { userid, tokenid, name: `${userid}!${tokenid}` };
}

/** A role's or a privilege's name, and whether it holds below the path as well. */
type Grants = Map<string, boolean>;

/** Splits `root@pam!tok`. */
export function splitTokenId(name: string): Caller {
  const [userid = "", tokenid] = name.split("!");
  return tokenid === undefined ? userCaller(userid) : tokenCaller(userid, tokenid);
}

export function findToken(access: AccessState, caller: Caller): TokenEntry | undefined {
  return access.tokens.find((token) => token.userid === caller.userid && token.tokenid === caller.tokenid);
}

/** Privileges of a role, built-in or own; undefined when there is no such role. */
export function rolePrivileges(access: AccessState, roleid: string): readonly string[] | undefined {
  return BUILT_IN_ROLES.get(roleid) ?? access.roles.find((role) => role.roleid === roleid)?.privileges;
}

/** What a caller may do (PVE::RPCEnvironment): roles by ACL, groups and pools; tokens hold no more than their user. */
export class Authority {
  readonly caller: Caller;
  readonly #access: AccessState;
  /** What was found out, for as long as one request or worker lasts, as Proxmox does (`aclcache`). */
  readonly #known = new Map<string, ReadonlyMap<string, boolean>>();

  constructor(access: AccessState, caller: Caller) {
    this.#access = access;
    this.caller = caller;
  }

  /** True for root@pam with a ticket: what some parameters need ("only root may set this option"). */
  get isRoot(): boolean {
    return this.caller.name === "root@pam";
  }

  /** The caller's privileges on a path; the value says whether each holds below it as well. */
  permissions(path: string): ReadonlyMap<string, boolean> {
    const known = this.#known.get(path) ?? this.#findOut(path);
    this.#known.set(path, known);
    return known;
  }

  #findOut(path: string): ReadonlyMap<string, boolean> {
    if (this.isRoot) return new Map(PRIVILEGES.map((privilege) => [privilege, true]));
    if (this.caller.tokenid === undefined) return this.#privileges(this.caller, path);
    const token = findToken(this.#access, this.caller);
    if (token === undefined) return new Map();
    const owner = new Authority(this.#access, userCaller(this.caller.userid)).permissions(path);
    if (!token.privsep) return owner;
    const own = this.#privileges(this.caller, path);
    return new Map(
      [...own].flatMap(([name, below]) => {
        const owned = owner.get(name);
        return owned === undefined ? [] : [[name, owned && below] as const];
      }),
    );
  }

  /** Whether the caller holds all of the privileges on a path. */
  has(path: string, ...privileges: readonly string[]): boolean {
    const held = this.permissions(path);
    return privileges.every((privilege) => held.has(privilege));
  }

  hasAny(path: string, ...privileges: readonly string[]): boolean {
    const held = this.permissions(path);
    return privileges.some((privilege) => held.has(privilege));
  }

  /** Throws `Permission check failed (path, privilege)` for the first privilege that is missing. */
  check(path: string, ...privileges: readonly string[]): void {
    const held = this.permissions(path);
    const missing = privileges.find((privilege) => !held.has(privilege));
    if (missing !== undefined) throw permissionFailure(`${path}, ${missing}`);
  }

  /** Throws `Permission check failed (path, A|B)` when none of the privileges is held. */
  checkAny(path: string, ...privileges: readonly string[]): void {
    if (!this.hasAny(path, ...privileges)) throw permissionFailure(`${path}, ${privileges.join("|")}`);
  }

  /** Privileges on a guest, or on the pool that a new one goes into (PVE::RPCEnvironment::check_vm_perm). */
  checkGuest(vmid: number, pool: string | undefined, ...privileges: readonly string[]): void {
    if (pool !== undefined && this.has(`/pool/${pool}`, ...privileges)) return;
    this.check(`/vms/${String(vmid)}`, ...privileges);
  }

  /** The same, where one of the privileges is enough. */
  checkGuestAny(vmid: number, pool: string | undefined, ...privileges: readonly string[]): void {
    if (pool !== undefined && this.hasAny(`/pool/${pool}`, ...privileges)) return;
    this.checkAny(`/vms/${String(vmid)}`, ...privileges);
  }

  #privileges(caller: Caller, path: string): ReadonlyMap<string, boolean> {
    const roles = this.#withPools(caller, path, this.#roles(caller, path));
    const privileges: Grants = new Map();
    for (const [role, below] of roles) {
      for (const privilege of rolePrivileges(this.#access, role) ?? []) {
        privileges.set(privilege, below || privileges.get(privilege) === true);
      }
    }
    return privileges;
  }

  /** Roles by the ACL alone: the deepest path that says something about the caller decides. */
  #roles(caller: Caller, path: string): Grants {
    const parts = path.split("/").filter((part) => part !== "");
    let roles: Grants = new Map();
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const here = `/${parts.slice(0, depth).join("/")}`;
      roles = this.#rolesAt(caller, here, depth === parts.length) ?? roles;
    }
    const none = roles.get("NoAccess");
    return none === undefined ? roles : new Map([["NoAccess", none]]);
  }

  /** What one path says: a token's own entries, else its user's, else those of the user's groups. */
  #rolesAt(caller: Caller, path: string, final: boolean): Grants | undefined {
    const here = this.#access.acl.filter((entry) => entry.path === path && (final || entry.propagate));
    const groups = this.#access.groups.filter((group) => group.members.includes(caller.userid));
    const choices: AclEntry[][] =
      caller.tokenid !== undefined
        ? [here.filter((entry) => entry.type === "token" && entry.ugid === caller.name)]
        : [
            here.filter((entry) => entry.type === "user" && entry.ugid === caller.name),
            here.filter((entry) => entry.type === "group" && groups.some((group) => group.groupid === entry.ugid)),
          ];
    const entries = choices.find((choice) => choice.length > 0);
    return entries === undefined ? undefined : new Map(entries.map((entry) => [entry.roleid, entry.propagate]));
  }

  /** Adds the roles that the pool of a guest or storage gives; `NoAccess` beats everything. */
  #withPools(caller: Caller, path: string, roles: Grants): Grants {
    const pools = this.#access.pools.filter(
      (pool) =>
        pool.vmids.some((vmid) => path === `/vms/${String(vmid)}`) ||
        pool.storages.some((storage) => path === `/storage/${storage}`),
    );
    const fromPools = new Set(pools.flatMap((pool) => [...this.#roles(caller, `/pool/${pool.poolid}`).keys()]));
    if (fromPools.size === 0 || roles.has("NoAccess")) return roles;
    if (fromPools.has("NoAccess")) return new Map([["NoAccess", false]]);
    return new Map([...[...fromPools].map((role) => [role, false] as const), ...roles]);
  }
}
