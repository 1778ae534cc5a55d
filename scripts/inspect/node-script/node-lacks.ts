import type { ProxmoxClient } from "../../../proxmox/api/client";
import { wantedNode, type WantedNode } from "../../../site/replaced-node/wanted-node";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import type { BareNode } from "../../recovery/recover/plan";
import { looked } from "../check/look";
import { findSaved, type SavedConfiguration } from "./find-saved";

/**
 * What the saved configuration of a node has of the node itself, and the node, which kept its name, does not show. Read only.
 *
 * @param identity the file with the age identities; undefined: none is named
 * @returns undefined: everything that was saved is there, or nothing is saved of such a node
 */
export async function nodeLacks(
  environment: LoadedEnvironment,
  node: string,
  identity: string | undefined,
  context: CommandContext,
): Promise<BareNode | undefined> {
  const unseen: string[] = [];
  const places = environment.settings.offsite === undefined ? [false] : [false, true];
  for (const offsite of places) {
    const found = await looked(context, () => findSaved({ node, offsite, dump: undefined, identity }, context));
    if ("failure" in found) {
      if (!("noneSaved" in found.failure.details)) unseen.push(found.failure.reason);
      continue;
    }
    const from = offsite ? { from: "offsite" as const } : {};
    const compared = await looked(context, async () => compare(await environment.client(), node, found.value));
    if ("failure" in compared) return { node, missing: [], unseen: [compared.failure.reason], ...from };
    const { missing, hidden } = compared.value;
    return missing.length + hidden.length === 0
      ? undefined
      : { node, missing, unseen: hidden, saved: found.value.what, ...from };
  }
  return unseen.length === 0 ? undefined : { node, missing: [], unseen };
}

interface Compared {
  readonly missing: string[];
  /** Kinds that the token is not shown: that none is listed says nothing. */
  readonly hidden: string[];
}

async function compare(client: ProxmoxClient, node: string, { files }: SavedConfiguration): Promise<Compared> {
  const { access, storages } = wantedNode(files, node, undefined);
  const kinds = await Promise.all([
    kind("storage", enabledOn(storages, node), "/storage", ["Datastore.Audit", "Datastore.AllocateSpace"], async () =>
      (await client.backups.storages(node)).map(({ storage }) => storage),
    ),
    // Everybody may see every role.
    kind("role", idsOf(access.roles), undefined, [], () => client.access.roles()),
    kind("user", idsOf(access.users), "/access/groups", ["Sys.Audit", "User.Modify"], () => client.access.users()),
    kind("pool", idsOf(access.pools), "/pool", ["Pool.Audit"], async () =>
      (await client.cluster.pools()).map(({ poolid }) => poolid),
    ),
  ]);
  return { missing: kinds.flatMap(({ missing }) => missing), hidden: kinds.flatMap(({ hidden }) => hidden) };

  /** @param anyOf privileges on the path, one of which shows all of them */
  async function kind(
    word: string,
    saved: readonly string[],
    path: string | undefined,
    anyOf: readonly string[],
    list: () => Promise<readonly string[]>,
  ): Promise<Compared> {
    const there = new Set(await list());
    const absent = saved.filter((one) => !there.has(one));
    if (absent.length === 0) return { missing: [], hidden: [] };
    const held = path === undefined ? undefined : await client.cluster.privilegesOn(path);
    if (held === undefined || anyOf.some((privilege) => held.has(privilege))) {
      return { missing: absent.map((one) => `${word} ${one}`), hidden: [] };
    }
    return { missing: [], hidden: [`${word}s are not shown to the token (${anyOf.join(" or ")} on ${path ?? ""})`] };
  }
}

function idsOf(found: readonly { readonly id: string }[]): string[] {
  return found.map(({ id }) => id);
}

function enabledOn(storages: WantedNode["storages"], node: string): string[] {
  const isOn = (properties: ReadonlyMap<string, string>): boolean => {
    const nodes = properties.get("nodes");
    return !properties.has("disable") && (nodes === undefined || nodes.split(",").includes(node));
  };
  return idsOf(storages.filter(({ properties }) => isOn(properties)));
}
