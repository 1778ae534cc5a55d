import type { ProxmoxClient } from "../../../proxmox/api/client";
import { isDisk } from "../../../proxmox/rules/storage-content";
import { nodesOf, storageNeeds } from "../../../site/needs";
import { pulumiLine } from "../../../site/plain-pulumi";
import { isNewNode, type NodeMapping } from "../../../site/replaced-node/node-mapping";
import { proposeRenamed, type RenamedSettings } from "../../project/rename-settings";
import type { LoadedEnvironment } from "../../project/site";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/** Settings that have the old names of a replaced node, with the new ones. Nothing is written. @throws CommandError (2) */
export function proposeAll(
  environments: readonly LoadedEnvironment[],
  mapping: NodeMapping | undefined,
): RenamedSettings[] {
  if (mapping === undefined) return [];
  return environments.flatMap((environment) => proposeRenamed(environment, mapping) ?? []);
}

/**
 * Names that nothing has are a mistake of whoever wrote them; new names are there already where an earlier run was cut off.
 *
 * @param wanted as they are with the new names
 * @throws CommandError (2)
 */
export function requireRenamed(wanted: readonly LoadedEnvironment[], { nodes }: NodeMapping): void {
  for (const [old, now] of nodes) {
    const left = old === now ? undefined : wanted.find(({ settings }) => nodesOf(settings).includes(old));
    if (left !== undefined) {
      throw usageError(
        `${left.file} names ${old} where it cannot be changed: within a text of JSON`,
        `write ${now} there by hand, then the same command`,
      );
    }
    if (wanted.some(({ settings }) => nodesOf(settings).includes(now))) continue;
    const known = [...new Set(wanted.flatMap(({ settings }) => nodesOf(settings)))].sort();
    throw usageError(
      `no environment that is asked for has a node ${old}`,
      `nodes of the settings: ${known.join(", ")}`,
    );
  }
}

/**
 * The node that answers has to be the new one, alone or in a cluster that the old one has left: as long as that is a member, its
 * guests are there for Proxmox, on disks that may be newer than any archive.
 *
 * @throws CommandError (13), ProxmoxError
 */
export async function requireNewNode(
  client: ProxmoxClient,
  { name, settings }: LoadedEnvironment,
  mapping: NodeMapping,
): Promise<void> {
  const there = (await client.cluster.nodes()).map(({ node }) => node);
  for (const [old, now] of mapping.nodes) {
    if (!nodesOf(settings).includes(now)) continue;
    if (!there.includes(now)) {
      throw refused(
        `${settings.proxmox.endpoint} has no node ${now}, but ${there.join(", ")}`,
        `say where ${now} answers: ${pulumiLine(name, "config set --path lifeboat:proxmox.endpoint https://ADDRESS:8006")}`,
      );
    }
    if (old !== now && there.includes(old)) {
      throw refused(
        `${old} is still a member of the cluster of ${now}, with the guests that were on it`,
        `docs/runbooks/node-lost.md says how they go to another node; when it never comes back, on ${now}: pvecm delnode ${old}`,
      );
    }
  }
  const disks = storageNeeds(settings).filter((need) => isNewNode(mapping, need.node) && isDisk(need));
  for (const node of new Set(disks.map((need) => need.node))) {
    const listed = await client.backups.storages(node);
    const missing = disks.filter(
      (need) => need.node === node && !listed.some(({ storage }) => storage === need.storage),
    );
    const [first] = missing;
    if (first === undefined) continue;
    const names = [...new Set(missing.map(({ storage }) => storage))];
    const fit = listed.filter(({ content }) => content?.includes(first.content) === true).map(({ storage }) => storage);
    throw refused(
      `${node} has no storage ${names.join(", ")}, on which the settings of ${name} have disks (${first.user}), or the token may not use it`,
      `say what stands for it: ${names.map((storage) => `--storage ${storage}=NEW`).join(" ")}${fit.length === 0 ? "" : ` (there: ${fit.join(", ")})`}`,
    );
  }
}

/**
 * Says how the node is called that answers in place of the one of the settings: Proxmox only fails to find that one's address.
 *
 * @throws CommandError (13), ProxmoxError
 */
export async function requireNode(client: ProxmoxClient, { name, settings }: LoadedEnvironment): Promise<void> {
  const { node, endpoint } = settings.proxmox;
  const there = (await client.cluster.nodes()).map((one) => one.node);
  const [only] = there;
  if (only === undefined || there.includes(node)) return;
  throw new CommandError(`${endpoint} has no node ${node}, but ${there.join(", ")}`, {
    exitCode: exitCodes.unavailable,
    hint: `where ${only} stands in for it: lifeboat recover --only ${name} --map ${node}=${only}, and --storage OLD=NEW for storages of other names; otherwise say where ${node} answers: ${pulumiLine(name, "config set --path lifeboat:proxmox.endpoint https://ADDRESS:8006")}`,
  });
}

function refused(text: string, hint: string): CommandError {
  return new CommandError(text, { exitCode: exitCodes.refused, hint });
}
