/** Where users come from (PVE::API2::Domains): the sandbox has the two realms that every site has. */
import { createHash } from "node:crypto";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json } from "../protocol/failure";
import { FLAG, USER_ID } from "./tables";

const REALMS: ReadonlyMap<string, { readonly [key: string]: Json }> = new Map([
  ["pam", { type: "pam", comment: "Linux PAM standard authentication", plugin: "PVE::Auth::PAM" }],
  ["pve", { type: "pve", comment: "Proxmox VE authentication server" }],
]);

/** Of the file of the realms, which is not there while nobody has added one. */
const DIGEST = createHash("sha1").update("").digest("hex");

const MAY_READ: PermissionRule = {
  check: { path: "/access/realm", privileges: ["Realm.Allocate", "Sys.Audit"], any: true },
};

function list(): Json {
  return [...REALMS].map(([realm, { type, comment }]) => ({ realm, type, comment }));
}

function read({ parameters }: Call): Json {
  const realm = parameters.required("realm");
  const found = REALMS.get(realm);
  if (found === undefined) throw death(`domain '${realm}' does not exist`);
  return { ...found, digest: DIGEST };
}

/** Nobody has a second factor in the sandbox. */
function secondFactors({ parameters }: Call): Json {
  const realm = parameters.required("userid").replace(/^.*@/, "");
  if (!REALMS.has(realm)) throw death(`auth domain '${realm}' does not exist`);
  return parameters.flag("multiple") === true ? { user: [] } : {};
}

export const realmEndpoints: readonly Endpoint[] = [
  { method: "GET", path: "/access/domains", parameters: {}, permissions: { user: "world" }, handler: list },
  {
    method: "GET",
    path: "/access/domains/{realm}",
    parameters: { realm: { type: "string", format: "pve-realm", maxLength: 32 } },
    permissions: MAY_READ,
    handler: read,
  },
  {
    method: "GET",
    path: "/access/users/{userid}/tfa",
    parameters: { userid: USER_ID, multiple: FLAG },
    permissions: { check: { or: [{ self: true }, { userGroups: ["User.Modify", "Sys.Audit"] }] } },
    handler: secondFactors,
  },
];
