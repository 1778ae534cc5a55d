import { exporterGrants, exporterGroup, exporterUser } from "../../../proxmox/rules/exporter-privileges";
import { type PrivilegeScope, type RoleGrant, lookingGrants, roleGrants } from "../../../proxmox/rules/privileges";
import type { LoadedEnvironment } from "../../project/environment";
import { shellQuote } from "../../machine/shell-quote";
import { groupBy } from "../../machine/group-by";
import { scopeOf } from "../../../site/needs";

/** An API user and the name of its token. The user has no password: only the token can be used. */
interface Account {
  user: string;
  token: string;
  comment: string;
}

const operator: Account = { user: "lifeboat@pve", token: "cli", comment: "Lifeboat: backups and restores" };
const onlooker: Account = {
  user: "lifeboat-preview@pve",
  token: "preview",
  comment: "Lifeboat: previews, can only look",
};

/** Its tokens are made by the stacks. */
const exporterComment = "Lifeboat: looks at backups for the monitoring";

/** What makes roles, user and token on one node or cluster. */
export interface Setup {
  endpoint: string;
  environments: string[];
  nodes: string[];
  user: string;
  token: string;
  grants: RoleGrant[];
  /** Whose tokens the stacks make. Absent: the settings ask for none. */
  exporter?: { user: string; group: string; grants: RoleGrant[] };
  /** Lines for a shell of root on a node. */
  commands: string[];
}

/**
 * One set-up for each endpoint; environments that share an endpoint share user and token.
 *
 * @param readOnly for a token with which nothing but previews can be made.
 */
export function setupsOf(environments: readonly LoadedEnvironment[], readOnly: boolean): Setup[] {
  const byEndpoint = groupBy(environments, ({ settings }) => settings.proxmox.endpoint);
  return [...byEndpoint].map(([endpoint, group]) => {
    const scope = union(group.map(({ settings }) => scopeOf(settings)));
    const grants = readOnly ? lookingGrants() : roleGrants(scope);
    const account = readOnly ? onlooker : operator;
    const exporter = exporterGrants(scope);
    const isWatched = !readOnly && (scope.tokenGroups ?? []).length > 0;
    return {
      endpoint,
      environments: group.map(({ name }) => name),
      nodes: [...new Set(group.map(({ settings }) => settings.proxmox.node))],
      user: account.user,
      token: `${account.user}!${account.token}`,
      grants,
      ...(isWatched ? { exporter: { user: exporterUser, group: exporterGroup, grants: exporter } } : {}),
      commands: [
        ...commandsFor(account, grants, readOnly ? [] : scope.pools),
        ...(isWatched ? exporterCommands(exporter) : []),
      ],
    };
  });
}

/** The lines for the operator's user and token before there are settings: of a site with these storages for backups. */
export function operatorLines(scope: PrivilegeScope): string[] {
  return commandsFor(operator, roleGrants(scope), scope.pools);
}

function union(scopes: readonly PrivilegeScope[]): PrivilegeScope {
  const all = <Value>(read: (scope: PrivilegeScope) => readonly Value[]): Value[] => [...new Set(scopes.flatMap(read))];
  return {
    vmids: all((scope) => scope.vmids),
    commanded: all((scope) => scope.commanded ?? []),
    storages: all((scope) => scope.storages),
    backupStorages: all((scope) => scope.backupStorages),
    declaresStorage: scopes.some((scope) => scope.declaresStorage),
    pools: all((scope) => scope.pools),
    tokenGroups: all((scope) => scope.tokenGroups ?? []),
  };
}

/**
 * Each can be run again: roles, pools and a token that exist are changed into what they are to be, a user that exists stays.
 * A token that exists keeps its secret.
 *
 * @param pools that the settings put guests into: Proxmox grants rights on a pool that is not there, and then refuses guests
 */
function commandsFor(
  { user, token, comment }: Account,
  grants: readonly RoleGrant[],
  pools: readonly string[],
): string[] {
  return [
    ...roleCommands(grants),
    ...pools.map((pool) => orAdd(`pool modify ${shellQuote(pool)}`, `pool add ${shellQuote(pool)}`)),
    orAdd(`user modify ${user} --enable 1`, `user add ${user} --comment '${comment}'`),
    ...grantCommands(user, grants),
    orAdd(`user token modify ${user} ${token} --privsep 0`, `user token add ${user} ${token} --privsep 0`),
  ];
}

/** The group before the user that is put into it. */
function exporterCommands(grants: readonly RoleGrant[]): string[] {
  const joined = `${exporterUser} --groups ${exporterGroup}`;
  return [
    ...roleCommands(grants),
    orAdd(`group modify ${exporterGroup}`, `group add ${exporterGroup}`),
    orAdd(`user modify ${joined} --enable 1`, `user add ${joined} --comment '${exporterComment}'`),
    ...grantCommands(exporterUser, grants),
  ];
}

function roleCommands(grants: readonly RoleGrant[]): string[] {
  const roles = new Map(grants.map(({ role, privileges }) => [role, privileges.join(",")]));
  return [...roles].map(([role, privileges]) =>
    orAdd(`role modify ${role} --privs ${privileges}`, `role add ${role} --privs ${privileges}`),
  );
}

function grantCommands(user: string, grants: readonly RoleGrant[]): string[] {
  return grants.map(
    ({ role, path, propagate }) =>
      `pveum acl modify ${shellQuote(path)} --users ${user} --roles ${role} --propagate ${propagate ? "1" : "0"}`,
  );
}

/** Changes what is there, or makes it. */
function orAdd(change: string, add: string): string {
  return `pveum ${change} 2>/dev/null || pveum ${add}`;
}
