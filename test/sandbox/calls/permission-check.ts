/** Runs the permission rules of endpoints (PVE::RPCEnvironment::check_api2_permissions). */
import type { Authority } from "../model/access";
import type { AccessState } from "../model/state";
import type { PermissionCheck, PermissionRule } from "./endpoint";
import { death, permissionFailure, ProxmoxFailure } from "../protocol/failure";
import { type RawValue, splitList } from "../protocol/parameters";

export interface PermissionContext {
  authority: Authority;
  access: AccessState;
  /** Parameters as they were sent, not yet checked. */
  sent: ReadonlyMap<string, RawValue>;
}

/** Throws the 403 of Proxmox when the caller may not use the operation. */
export function checkPermissions(rule: PermissionRule, context: PermissionContext): void {
  const { caller, isRoot } = context.authority;
  const open = "user" in rule ? rule.user : undefined;
  if (caller.userid === "" && open === "world") return;
  if (caller.userid === "") throw permissionFailure("user != null");
  if (isRoot) return;
  if (open === "root") throw permissionFailure("user != root@pam");
  if (open === "all") return;
  if (!("check" in rule)) throw permissionFailure();
  runCheck(rule.check, context);
}

function runCheck(check: PermissionCheck, context: PermissionContext): void {
  if ("and" in check) {
    for (const part of check.and) runCheck(part, context);
  } else if ("or" in check) {
    if (!check.or.some((part) => passes(part, context))) throw permissionFailure();
  } else if ("self" in check) checkSelf(context);
  else if ("userRealm" in check) checkRealm(context);
  else if ("userGroups" in check) checkGroups(check.userGroups, check.groupsParameter, context);
  else if ("modifyAccess" in check) checkModifyAccess(fill(check.modifyAccess, context), context.authority);
  else checkPath(check, context);
}

/** Inside `or` a missing privilege says no; everything else that dies goes on dying. */
function passes(check: PermissionCheck, context: PermissionContext): boolean {
  try {
    runCheck(check, context);
    return true;
  } catch (failure) {
    if (failure instanceof ProxmoxFailure) return false;
    throw failure;
  }
}

function checkPath(check: Extract<PermissionCheck, { path: string }>, context: PermissionContext): void {
  if (check.requireParameter !== undefined && !context.sent.has(check.requireParameter)) throw permissionFailure();
  const path = normalizedPath(fill(check.path, context));
  // What is no path at all is refused without one.
  if (!/^[\w.\-/]+$/.test(path)) throw permissionFailure(`, ${check.privileges.join("|")}`);
  if (check.any) context.authority.checkAny(path, ...check.privileges);
  else context.authority.check(path, ...check.privileges);
}

function checkSelf(context: PermissionContext): void {
  const userid = existingUser(context);
  if (context.authority.caller.name !== userid) throw permissionFailure();
}

function checkRealm({ authority, sent }: PermissionContext): void {
  const realm = String(sent.get("userid") ?? "").replace(/^.*@/, "");
  authority.check(`/access/realm/${realm}`, "Realm.AllocateUser");
}

function checkGroups(
  privileges: readonly string[],
  groupsParameter: "create" | "update" | undefined,
  context: PermissionContext,
): void {
  const { authority, access, sent } = context;
  const userid = groupsParameter === "create" ? undefined : existingUser(context);
  if (authority.hasAny("/access/groups", ...privileges)) return;
  const allowed = access.groups.filter((group) => authority.hasAny(`/access/groups/${group.groupid}`, ...privileges));
  if (groupsParameter !== undefined) {
    const wanted = splitList(String(sent.get("groups") ?? ""));
    if (wanted.length === 0) throw permissionFailure(`/access/groups, ${privileges.join("|")}`);
    const other = wanted.find((groupid) => !allowed.some((group) => group.groupid === groupid));
    if (other !== undefined) throw permissionFailure(`/access/groups/${other}, ${privileges.join("|")}`);
  }
  if (userid !== undefined && !allowed.some((group) => group.members.includes(userid))) throw permissionFailure();
}

function checkModifyAccess(path: string, authority: Authority): void {
  if (path === "") return authority.check("/access", "Permissions.Modify");
  const owner = /^\/(storage|vms|pool)\/./.exec(path)?.[1];
  const more = { storage: "Datastore.Allocate", vms: "VM.Allocate", pool: "Pool.Allocate" };
  const second = owner === "storage" || owner === "vms" || owner === "pool" ? [more[owner]] : [];
  return authority.checkAny(normalizedPath(path), "Permissions.Modify", ...second);
}

function existingUser({ access, sent }: PermissionContext): string {
  const userid = String(sent.get("userid") ?? "");
  if (!access.users.some((user) => user.userid === userid)) throw death(`no such user ('${userid}')`);
  return userid;
}

function fill(template: string, { sent }: PermissionContext): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => String(sent.get(name) ?? ""));
}

/** One slash between parts, none at the end. */
export function normalizedPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  return `/${parts.join("/")}`;
}
