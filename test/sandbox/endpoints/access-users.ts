/** Users and their API tokens (PVE::API2::User). */
import { randomUUID } from "node:crypto";
import type { AccessState, TokenEntry, UserEntry } from "../model/state";
import { hashPassword, hashTokenSecret } from "../model/secrets";
import { changeAccess, requireToken, requireUser } from "../model/user-configuration";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import type { Parameters, ParameterTable } from "../protocol/parameters";
import { FLAG, TEXT, USER_ID } from "./tables";

const FIELDS = ["firstname", "lastname", "email", "comment", "keys"] as const;

const USER_TABLE: ParameterTable = {
  userid: USER_ID,
  enable: FLAG,
  expire: { type: "integer", minimum: 0, optional: true },
  firstname: { type: "string", maxLength: 1024, optional: true },
  lastname: { type: "string", maxLength: 1024, optional: true },
  email: { type: "string", format: "email-opt", maxLength: 254, optional: true },
  comment: { type: "string", maxLength: 2048, optional: true },
  keys: { type: "string", pattern: "[0-9a-zA-Z!=]{0,4096}", optional: true },
  groups: { type: "string", format: "pve-groupid-list", optional: true },
};

const TOKEN_ID = { type: "string", pattern: "[A-Za-z][A-Za-z0-9.\\-_]+" } as const;

const TOKEN_TABLE: ParameterTable = {
  userid: USER_ID,
  tokenid: TOKEN_ID,
  expire: { type: "integer", minimum: 0, optional: true },
  privsep: FLAG,
  comment: TEXT,
};

/** What user.cfg gives back: an empty mail address shows only where a later field of its line is filled. */
function userData(user: UserEntry): { [key: string]: Json } {
  const later = user.comment !== undefined || user.keys !== undefined;
  return {
    enable: user.enable ? 1 : 0,
    expire: user.expire,
    ...Object.fromEntries(FIELDS.flatMap((field) => (user[field] === undefined ? [] : [[field, user[field]]]))),
    ...(later && user.email === undefined && { email: "" }),
  };
}

function tokenData(token: TokenEntry): { [key: string]: Json } {
  return {
    privsep: token.privsep ? 1 : 0,
    expire: token.expire,
    ...(token.comment !== undefined && { comment: token.comment }),
  };
}

function tokensOf(access: AccessState, userid: string): TokenEntry[] {
  return access.tokens.filter((token) => token.userid === userid);
}

function groupsOf(access: AccessState, userid: string): string[] {
  return access.groups.filter((group) => group.members.includes(userid)).map((group) => group.groupid);
}

function listUsers({ cluster, authority, parameters }: Call): Json {
  const { access } = cluster.state;
  const privileges = ["User.Modify", "Sys.Audit"];
  const seesAll = authority.hasAny("/access/groups", ...privileges);
  const visible = new Set(
    access.groups
      .filter((group) => authority.hasAny(`/access/groups/${group.groupid}`, ...privileges))
      .flatMap((group) => group.members),
  );
  const enabled = parameters.flag("enabled");
  return access.users
    .filter((user) => seesAll || user.userid === authority.caller.name || visible.has(user.userid))
    .filter((user) => enabled === undefined || user.enable === enabled)
    .map((user) => ({
      userid: user.userid,
      "realm-type": user.userid.replace(/^.*@/, ""),
      ...userData(user),
      ...(parameters.flag("full") && {
        groups: groupsOf(access, user.userid).join(","),
        tokens: tokensOf(access, user.userid).map((token) => ({ tokenid: token.tokenid, ...tokenData(token) })),
      }),
    }));
}

function readUser({ cluster, parameters }: Call): Json {
  const { access } = cluster.state;
  const user = requireUser(access, parameters.required("userid"));
  const tokens = tokensOf(access, user.userid).map((token): [string, Json] => [token.tokenid, tokenData(token)]);
  return {
    ...userData(user),
    groups: groupsOf(access, user.userid),
    tokens: tokens.length === 0 ? null : Object.fromEntries(tokens),
  };
}

/** Sets the text fields that were sent; an empty one takes the field away. */
function setFields(user: UserEntry, parameters: Parameters): void {
  for (const field of FIELDS) {
    const text = parameters.text(field);
    if (text === "") delete user[field];
    else if (text !== undefined) user[field] = text;
  }
}

function joinGroups(access: AccessState, userid: string, groups: readonly string[]): void {
  for (const groupid of groups) {
    const group = access.groups.find((candidate) => candidate.groupid === groupid);
    if (group === undefined) throw death(`no such group '${groupid}'`);
    if (!group.members.includes(userid)) group.members.push(userid);
  }
}

function leaveGroups(access: AccessState, userid: string): void {
  for (const group of access.groups) group.members = group.members.filter((member) => member !== userid);
}

function createUser({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const userid = parameters.required("userid");
  const password = parameters.text("password");
  changeAccess(access, "create user failed", () => {
    if (access.users.some((user) => user.userid === userid)) throw death(`user '${userid}' already exists`);
    const user: UserEntry = {
      userid,
      enable: parameters.flag("enable") ?? true,
      expire: parameters.integer("expire") ?? 0,
      ...(password !== undefined && { password: hashPassword(password) }),
    };
    setFields(user, parameters);
    joinGroups(access, userid, parameters.list("groups"));
    access.users.push(user);
  });
  return null;
}

function updateUser({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const userid = parameters.required("userid");
  changeAccess(access, "update user failed", () => {
    const user = requireUser(access, userid);
    user.enable = parameters.flag("enable") ?? user.enable;
    user.expire = parameters.integer("expire") ?? user.expire;
    if (parameters.has("groups") && !parameters.flag("append")) leaveGroups(access, userid);
    joinGroups(access, userid, parameters.list("groups"));
    setFields(user, parameters);
  });
  return null;
}

function deleteUser({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const userid = parameters.required("userid");
  changeAccess(access, "delete user failed", () => {
    requireUser(access, userid);
    access.users = access.users.filter((user) => user.userid !== userid);
    access.tokens = access.tokens.filter((token) => token.userid !== userid);
    leaveGroups(access, userid);
    const isGone = (ugid: string): boolean => ugid === userid || ugid.startsWith(`${userid}!`);
    access.acl = access.acl.filter((entry) => entry.type === "group" || !isGone(entry.ugid));
  });
  return null;
}

function createToken({ cluster, parameters }: Call): Json {
  const { access } = cluster.state;
  const userid = parameters.required("userid");
  const tokenid = parameters.required("tokenid");
  requireUser(access, userid);
  if (tokensOf(access, userid).some((token) => token.tokenid === tokenid)) {
    throw parameterFailure({ tokenid: "Token already exists." });
  }
  const value = randomUUID();
  const comment = parameters.text("comment");
  access.tokens.push({
    userid,
    tokenid,
    privsep: parameters.flag("privsep") ?? true,
    expire: parameters.integer("expire") ?? 0,
    secretHash: hashTokenSecret(value),
    ...(comment !== undefined && comment !== "" && { comment }),
  });
  // Numbers come back as the text that was sent, and what was not sent is absent.
  const info = {
    privsep: parameters.text("privsep") ?? 1,
    ...(parameters.has("expire") && { expire: parameters.required("expire") }),
    ...(comment !== undefined && comment !== "" && { comment }),
  };
  return { info, value, "full-tokenid": `${userid}!${tokenid}` };
}

function updateToken({ cluster, parameters }: Call): Json {
  const { access } = cluster.state;
  const token = requireToken(access, parameters.required("userid"), parameters.required("tokenid"));
  const unknown = parameters.list("delete").find((option) => option !== "comment");
  if (unknown !== undefined) {
    throw death(`updating token info failed: 400 Parameter verification failed.\ndelete: unknown option '${unknown}'`);
  }
  token.privsep = parameters.flag("privsep") ?? token.privsep;
  token.expire = parameters.integer("expire") ?? token.expire;
  const comment = parameters.text("comment");
  if (comment === "" || parameters.list("delete").includes("comment")) delete token.comment;
  else if (comment !== undefined) token.comment = comment;
  // What was sent comes back as it was sent.
  const sent = ["privsep", "expire"].flatMap((name) =>
    parameters.has(name) ? [[name, parameters.required(name)]] : [],
  );
  const answer: { [key: string]: Json } = { ...tokenData(token), ...Object.fromEntries(sent) };
  if (!parameters.flag("regenerate")) return answer;
  const value = randomUUID();
  token.secretHash = hashTokenSecret(value);
  return { ...answer, value, "full-tokenid": `${token.userid}!${token.tokenid}` };
}

function deleteToken({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const token = requireToken(access, parameters.required("userid"), parameters.required("tokenid"));
  access.tokens = access.tokens.filter((candidate) => candidate !== token);
  return null;
}

const OWN_TOKENS: PermissionRule = { check: { or: [{ self: true }, { userGroups: ["User.Modify"] }] } };

export const userEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/access/users",
    parameters: { enabled: FLAG, full: FLAG },
    permissions: { user: "all" },
    handler: listUsers,
  },
  {
    method: "POST",
    path: "/access/users",
    parameters: { ...USER_TABLE, password: { type: "string", minLength: 8, maxLength: 64, optional: true } },
    permissions: {
      check: { and: [{ userRealm: true }, { userGroups: ["User.Modify"], groupsParameter: "create" }] },
    },
    handler: createUser,
  },
  {
    method: "GET",
    path: "/access/users/{userid}",
    parameters: { userid: USER_ID },
    permissions: { check: { userGroups: ["User.Modify", "Sys.Audit"] } },
    handler: readUser,
  },
  {
    method: "PUT",
    path: "/access/users/{userid}",
    parameters: { ...USER_TABLE, append: { type: "boolean", optional: true, requires: "groups" } },
    permissions: { check: { userGroups: ["User.Modify"], groupsParameter: "update" } },
    handler: updateUser,
  },
  {
    method: "DELETE",
    path: "/access/users/{userid}",
    parameters: { userid: USER_ID },
    permissions: { check: { and: [{ userRealm: true }, { userGroups: ["User.Modify"] }] } },
    handler: deleteUser,
  },
  {
    method: "GET",
    path: "/access/users/{userid}/token",
    parameters: { userid: USER_ID },
    permissions: OWN_TOKENS,
    handler: ({ cluster, parameters }) => {
      const user = requireUser(cluster.state.access, parameters.required("userid"));
      const tokens = tokensOf(cluster.state.access, user.userid);
      return tokens.map((token) => ({ tokenid: token.tokenid, ...tokenData(token) }));
    },
  },
  {
    method: "GET",
    path: "/access/users/{userid}/token/{tokenid}",
    parameters: { userid: USER_ID, tokenid: TOKEN_ID },
    permissions: OWN_TOKENS,
    handler: ({ cluster, parameters }) =>
      tokenData(requireToken(cluster.state.access, parameters.required("userid"), parameters.required("tokenid"))),
  },
  {
    method: "POST",
    path: "/access/users/{userid}/token/{tokenid}",
    parameters: TOKEN_TABLE,
    permissions: OWN_TOKENS,
    handler: createToken,
  },
  {
    method: "PUT",
    path: "/access/users/{userid}/token/{tokenid}",
    parameters: {
      ...TOKEN_TABLE,
      regenerate: FLAG,
      delete: { type: "string", format: "pve-configid-list", optional: true },
    },
    permissions: OWN_TOKENS,
    handler: updateToken,
  },
  {
    method: "DELETE",
    path: "/access/users/{userid}/token/{tokenid}",
    parameters: { userid: USER_ID, tokenid: TOKEN_ID },
    permissions: OWN_TOKENS,
    handler: deleteToken,
  },
];
