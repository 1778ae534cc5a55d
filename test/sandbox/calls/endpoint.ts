import type { Authority, Caller } from "../model/access";
import type { Cluster, Node, Site } from "../model/site";
import type { Json } from "../protocol/failure";
import type { Parameters, ParameterTable } from "../protocol/parameters";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/**
 * One operation of the API, as `pve-*.flat.json` describes it: a parameter table, the privileges, and what it does.
 * Checks run in Proxmox's order: sign-in, route (501), token allowed, privileges (403), node, parameters (400), handler.
 */
export interface Endpoint {
  method: Method;
  /** With parameters in braces: `/nodes/{node}/lxc/{vmid}/config`. A `{node}` moves the call to that node. */
  path: string;
  /** All parameters, those of the path included. `mp[n]` stands for mp0, mp1, … up to its `count`. */
  parameters: ParameterTable;
  permissions: PermissionRule;
  /** False where only a ticket will do; true when left out. */
  allowToken?: false;
  /** The handler answers with plain JSON, or with an `Answer` where more than `data` is due. */
  handler: (call: Call) => Json | Answer | Promise<Json | Answer> | Promise<null>;
}

/**
 * Who may call: `world` also without sign-in, `all` every user, `root` only root@pam with a ticket (an operation without
 * `permissions`), otherwise whom the check lets through. A handler checks further by `call.authority`.
 */
export type PermissionRule = { user: "world" | "all" | "root" } | { check: PermissionCheck };

/** `path` may hold parameters in braces. `any`: one of the privileges is enough. */
export type PermissionCheck =
  | { path: string; privileges: readonly string[]; any?: true; requireParameter?: string }
  | { and: readonly PermissionCheck[] }
  | { or: readonly PermissionCheck[] }
  /** The caller is the user that the parameter `userid` names. */
  | { self: true }
  /** Realm.AllocateUser on the realm of the user that `userid` names. */
  | { userRealm: true }
  /** Privileges on all groups, or on one of the groups of the user that `userid` names (`groups`: on those as well). */
  | { userGroups: readonly string[]; groupsParameter?: "create" | "update" }
  /** May change the access rules of the path that the template gives. */
  | { modifyAccess: string };

/** What a handler sees. */
export interface Call {
  readonly site: Site;
  readonly cluster: Cluster;
  /** The node that does the work: `{node}` of the path, else the one that was asked. */
  readonly node: Node;
  readonly caller: Caller;
  /** The caller's privileges; throws the 403 of Proxmox. */
  readonly authority: Authority;
  /** Checked, with defaults left to the handler. */
  readonly parameters: Parameters;
}

/** An answer with members besides `data`. */
export class Answer {
  readonly data: Json;
  readonly members: Readonly<Record<string, Json>>;

  constructor(data: Json, members: Readonly<Record<string, Json>> = {}) {
    this.data = data;
    this.members = members;
  }
}

/** A body that is not JSON, such as a task's log with `download=1`. */
export class TextAnswer extends Answer {
  readonly text: string;
  readonly fileName: string;

  constructor(text: string, fileName: string) {
    super(null);
    this.text = text;
    this.fileName = fileName;
  }
}
