/** Roles, groups and the ACL (PVE::API2::Role, Group and ACL). */
import { rolePrivileges } from "../model/access";
import { BUILT_IN_ROLES } from "../protocol/roles";
import type { AccessState, AclEntry } from "../model/state";
import { changeAccess, requireToken } from "../model/user-configuration";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import { splitList } from "../protocol/parameters";
import { normalizedPath } from "../calls/permission-check";
import { FLAG, TEXT } from "./tables";

const ROLE_ID = { type: "string", format: "pve-roleid" } as const;
const PRIVILEGE_LIST = { type: "string", format: "pve-priv-list", optional: true } as const;
const GROUP_ID = { type: "string", format: "pve-groupid" } as const;
const MAY_CHANGE_ROLES: PermissionRule = { check: { path: "/access", privileges: ["Sys.Modify"] } };
const MAY_CHANGE_GROUPS: PermissionRule = { check: { path: "/access/groups", privileges: ["Group.Allocate"] } };

/** Paths that an ACL may name (PVE::AccessControl::check_path). */
const NAME = "[A-Za-z0-9.\\-_]+";
const ACL_PATH = new RegExp(
  `^(?:/|/access(?:/groups(?:/${NAME})?|/realm(?:/${NAME})?)?|/nodes(?:/${NAME})?|/pool(?:/${NAME}){0,3}` +
    `|/sdn(?:/(?:controllers|dns|fabrics|ipams|prefix-lists|route-maps)(?:/[A-Za-z0-9_-]+)?)?` +
    `|/sdn/zones(?:/${NAME}(?:/${NAME}(?:/[1-9][0-9]{0,3})?)?)?|/storage(?:/${NAME})?|/vms(?:/[1-9][0-9]{2,})?` +
    `|/mapping(?:/${NAME}){0,2})$`,
);

function listRoles({ cluster }: Call): Json {
  const own = cluster.state.access.roles.map(({ roleid, privileges }) => [roleid, privileges] as const);
  return [...BUILT_IN_ROLES, ...own].map(([roleid, privileges]) => ({
    roleid,
    privs: [...privileges].sort().join(","),
    special: BUILT_IN_ROLES.has(roleid) ? 1 : 0,
  }));
}

function readRole({ cluster, parameters }: Call): Json {
  const roleid = parameters.required("roleid");
  const privileges = rolePrivileges(cluster.state.access, roleid);
  if (privileges === undefined) throw death(`role '${roleid}' does not exist`);
  return Object.fromEntries(privileges.map((privilege) => [privilege, 1]));
}

function createRole({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const roleid = parameters.required("roleid");
  if (/^PVE/i.test(roleid)) {
    throw parameterFailure({ roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" });
  }
  changeAccess(access, "create role failed", () => {
    if (rolePrivileges(access, roleid) !== undefined) throw death(`role '${roleid}' already exists`);
    access.roles.push({ roleid, privileges: splitList(parameters.text("privs") ?? "") });
  });
  return null;
}

function updateRole({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const roleid = parameters.required("roleid");
  if (BUILT_IN_ROLES.has(roleid)) throw death(`auto-generated role '${roleid}' cannot be modified`);
  changeAccess(access, "update role failed", () => {
    const role = access.roles.find((candidate) => candidate.roleid === roleid);
    if (role === undefined) throw death(`role '${roleid}' does not exist`);
    const before = parameters.flag("append") ? role.privileges : [];
    role.privileges = [...new Set([...before, ...splitList(parameters.text("privs") ?? "")])];
  });
  return null;
}

function deleteRole({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const roleid = parameters.required("roleid");
  if (BUILT_IN_ROLES.has(roleid)) throw death(`auto-generated role '${roleid}' cannot be deleted`);
  changeAccess(access, "delete role failed", () => {
    if (!access.roles.some((role) => role.roleid === roleid)) throw death(`role '${roleid}' does not exist`);
    access.roles = access.roles.filter((role) => role.roleid !== roleid);
    // Entries of the ACL with an unknown role are dropped when Proxmox reads the file again.
    access.acl = access.acl.filter((entry) => entry.roleid !== roleid);
  });
  return null;
}

function listGroups({ cluster, authority }: Call): Json {
  return cluster.state.access.groups
    .filter((group) =>
      authority.hasAny(`/access/groups/${group.groupid}`, "User.Modify", "Sys.Audit", "Group.Allocate"),
    )
    .map(({ groupid, comment, members }) => ({
      groupid,
      ...(comment !== undefined && { comment }),
      users: [...members].sort().join(","),
    }));
}

function readGroup({ cluster, parameters }: Call): Json {
  const group = findGroup(cluster.state.access, parameters.required("groupid"));
  return { members: group.members, ...(group.comment !== undefined && { comment: group.comment }) };
}

function findGroup(access: AccessState, groupid: string): AccessState["groups"][number] {
  const group = access.groups.find((candidate) => candidate.groupid === groupid);
  if (group === undefined) throw death(`group '${groupid}' does not exist`);
  return group;
}

function createGroup({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const groupid = parameters.required("groupid");
  const comment = parameters.text("comment") ?? "";
  changeAccess(access, "create group failed", () => {
    if (access.groups.some((group) => group.groupid === groupid)) throw death(`group '${groupid}' already exists`);
    access.groups.push({ groupid, members: [], ...(comment !== "" && { comment }) });
  });
  return null;
}

function updateGroup({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  changeAccess(access, "update group failed", () => {
    const group = findGroup(access, parameters.required("groupid"));
    group.comment = parameters.text("comment") ?? group.comment ?? "";
    if (group.comment === "") delete group.comment;
  });
  return null;
}

function deleteGroup({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  changeAccess(access, "delete group failed", () => {
    const group = findGroup(access, parameters.required("groupid"));
    access.groups = access.groups.filter((candidate) => candidate !== group);
    access.acl = access.acl.filter((entry) => entry.type !== "group" || entry.ugid !== group.groupid);
  });
  return null;
}

function listAcl({ cluster, authority }: Call): Json {
  const seesAll = authority.has("/access", "Sys.Audit");
  return cluster.state.access.acl
    .filter(({ path }) => seesAll || authority.hasAny(path, ...modifiers(path)))
    .map(({ path, type, ugid, roleid, propagate }) => ({ path, type, ugid, roleid, propagate: propagate ? 1 : 0 }));
}

/** Privileges of which each allows changing the rules of a path (PVE::RPCEnvironment::check_perm_modify). */
function modifiers(path: string): string[] {
  const more = { storage: "Datastore.Allocate", vms: "VM.Allocate", pool: "Pool.Allocate" };
  const owner = /^\/(storage|vms|pool)\/./.exec(path)?.[1];
  const second = owner === "storage" || owner === "vms" || owner === "pool" ? [more[owner]] : [];
  return ["Permissions.Modify", ...second];
}

function updateAcl(call: Call): null {
  const { cluster, parameters } = call;
  const { access } = cluster.state;
  const receivers = ["users", "groups", "tokens"];
  if (receivers.every((name) => (parameters.text(name) ?? "") === "")) {
    const text = "either 'users', 'groups' or 'tokens' is required.";
    throw parameterFailure(Object.fromEntries(receivers.map((name) => [name, text])));
  }
  const sent = parameters.required("path");
  const path = normalizedPath(sent);
  if (!sent.startsWith("/") || (!parameters.flag("delete") && !ACL_PATH.test(path))) {
    throw parameterFailure({ path: `invalid ACL path '${sent}'` });
  }
  changeAccess(access, "ACL update failed", () => {
    for (const roleid of parameters.list("roles")) changeRoleEntries(call, path, roleid);
  });
  return null;
}

function changeRoleEntries(call: Call, path: string, roleid: string): void {
  const { cluster, parameters } = call;
  const { access } = cluster.state;
  const propagate = parameters.flag("propagate") ?? true;
  checkHandout(call, path, roleid, propagate);
  const entries: AclEntry[] = [
    ...parameters.list("groups").map((ugid) => ({ path, type: "group" as const, ugid, roleid, propagate })),
    ...parameters.list("users").map((ugid) => ({ path, type: "user" as const, ugid, roleid, propagate })),
    ...parameters.list("tokens").map((ugid) => ({ path, type: "token" as const, ugid, roleid, propagate })),
  ];
  for (const entry of entries) {
    checkReceiver(access, entry);
    access.acl = access.acl.filter((other) => !isSame(other, entry));
    if (!parameters.flag("delete")) access.acl.push(entry);
  }
}

function isSame(a: AclEntry, b: AclEntry): boolean {
  return a.path === b.path && a.type === b.type && a.ugid === b.ugid && a.roleid === b.roleid;
}

function checkReceiver(access: AccessState, { type, ugid }: AclEntry): void {
  if (type === "group") findGroup(access, ugid);
  else if (type === "user") {
    if (!access.users.some((user) => user.userid === ugid)) throw death(`user '${ugid}' does not exist`);
  } else {
    const [userid = "", tokenid = ""] = ugid.split("!");
    requireToken(access, userid, tokenid);
  }
}

/** Without Permissions.Modify nobody hands out more than he holds. */
function checkHandout(
  { cluster, authority, parameters }: Call,
  path: string,
  roleid: string,
  propagate: boolean,
): void {
  const privileges = rolePrivileges(cluster.state.access, roleid);
  if (privileges === undefined) throw death(`role '${roleid}' does not exist`);
  const held = authority.permissions(path);
  if (held.has("Permissions.Modify")) return;
  const isDelete = parameters.flag("delete") ?? false;
  const verb = `Cannot ${isDelete ? "remove" : "add"} role '${roleid}'`;
  if (privileges.some((privilege) => !held.has(privilege))) {
    throw parameterFailure({ role: `${verb} - requires 'Permissions.Modify' or superset of privileges.` });
  }
  if (propagate && !isDelete && privileges.some((privilege) => !held.get(privilege))) {
    throw parameterFailure({
      role: `${verb} with propagation - requires 'Permissions.Modify' or propagated superset of privileges.`,
    });
  }
  if (roleid === "NoAccess") throw parameterFailure({ role: `${verb} - requires 'Permissions.Modify'` });
}

export const ruleEndpoints: readonly Endpoint[] = [
  { method: "GET", path: "/access/roles", parameters: {}, permissions: { user: "all" }, handler: listRoles },
  {
    method: "POST",
    path: "/access/roles",
    parameters: { roleid: ROLE_ID, privs: PRIVILEGE_LIST },
    permissions: MAY_CHANGE_ROLES,
    handler: createRole,
  },
  {
    method: "GET",
    path: "/access/roles/{roleid}",
    parameters: { roleid: ROLE_ID },
    permissions: { user: "all" },
    handler: readRole,
  },
  {
    method: "PUT",
    path: "/access/roles/{roleid}",
    parameters: {
      roleid: ROLE_ID,
      privs: PRIVILEGE_LIST,
      append: { type: "boolean", optional: true, requires: "privs" },
    },
    permissions: MAY_CHANGE_ROLES,
    handler: updateRole,
  },
  {
    method: "DELETE",
    path: "/access/roles/{roleid}",
    parameters: { roleid: ROLE_ID },
    permissions: MAY_CHANGE_ROLES,
    handler: deleteRole,
  },
  { method: "GET", path: "/access/groups", parameters: {}, permissions: { user: "all" }, handler: listGroups },
  {
    method: "POST",
    path: "/access/groups",
    parameters: { groupid: GROUP_ID, comment: TEXT },
    permissions: MAY_CHANGE_GROUPS,
    handler: createGroup,
  },
  {
    method: "GET",
    path: "/access/groups/{groupid}",
    parameters: { groupid: GROUP_ID },
    permissions: { check: { path: "/access/groups", privileges: ["Sys.Audit", "Group.Allocate"], any: true } },
    handler: readGroup,
  },
  {
    method: "PUT",
    path: "/access/groups/{groupid}",
    parameters: { groupid: GROUP_ID, comment: TEXT },
    permissions: MAY_CHANGE_GROUPS,
    handler: updateGroup,
  },
  {
    method: "DELETE",
    path: "/access/groups/{groupid}",
    parameters: { groupid: GROUP_ID },
    permissions: MAY_CHANGE_GROUPS,
    handler: deleteGroup,
  },
  { method: "GET", path: "/access/acl", parameters: {}, permissions: { user: "all" }, handler: listAcl },
  {
    method: "PUT",
    path: "/access/acl",
    parameters: {
      path: { type: "string" },
      roles: { type: "string", format: "pve-roleid-list" },
      users: { type: "string", format: "pve-userid-list", optional: true },
      groups: { type: "string", format: "pve-groupid-list", optional: true },
      tokens: { type: "string", format: "pve-tokenid-list", optional: true },
      propagate: FLAG,
      delete: FLAG,
    },
    permissions: { check: { modifyAccess: "{path}" } },
    handler: updateAcl,
  },
];
