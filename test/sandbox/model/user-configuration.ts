import { death, failureText } from "../protocol/failure";
import type { AccessState, TokenEntry, UserEntry } from "./state";

/**
 * Changes users, groups, pools, roles or the ACL. They are one file in Proxmox: a change that fails half-way leaves it
 * as it was, and its failure comes back as 500 with `what` in front (PVE::AccessControl::lock_user_config).
 */
export function changeAccess<Result>(access: AccessState, what: string, change: () => Result): Result {
  const before = structuredClone(access);
  try {
    return change();
  } catch (failure) {
    Object.assign(access, before);
    throw death(`${what}: ${failureText(failure)}`);
  }
}

export function requireUser(access: AccessState, userid: string): UserEntry {
  const user = access.users.find((candidate) => candidate.userid === userid);
  if (user === undefined) throw death(`no such user ('${userid}')`);
  return user;
}

export function requireToken(access: AccessState, userid: string, tokenid: string): TokenEntry {
  requireUser(access, userid);
  const token = access.tokens.find((candidate) => candidate.userid === userid && candidate.tokenid === tokenid);
  if (token === undefined) throw death(`no such token '${tokenid}' for user '${userid}'`);
  return token;
}
