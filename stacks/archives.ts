import * as pulumi from "@pulumi/pulumi";
import { ArchiveCopies } from "../components/offsite/archive-copies";
import { groupBy } from "../scripts/machine/group-by";
import { archiveCopiesResource } from "../site/offsite/resource-names";
import type { ArchiveChoice, Environment } from "../site/settings/environment";
import type { NodeEntrances } from "./node-entrances";
import { offsiteAuthority, requireOffsiteKeys } from "./offsite-keys";
import type { StackOutputs } from "./program";

interface Chosen {
  readonly name: string;
  readonly id: number;
  readonly node: string;
  readonly choice: ArchiveChoice;
}

/** Guests whose archives are copied elsewhere. */
function chosenGuests({ guests }: Pick<Environment, "guests">): Chosen[] {
  return guests.flatMap(({ name, id, node, offsite: choice }) =>
    choice === undefined ? [] : [{ name, id, node, choice }],
  );
}

/**
 * Reads everything that copies of archives need, before anything is registered.
 *
 * @param nodes how to log in to nodes
 * @throws pulumi.RunError with what is missing
 */
export async function prepareArchives(environment: Environment, nodes: NodeEntrances): Promise<() => StackOutputs> {
  const { name, offsite, backup } = environment;
  if (offsite === undefined) throw new Error("the schema wants lifeboat:offsite for it");
  const { writer } = requireOffsiteKeys(environment, offsite);
  const authority = offsiteAuthority(offsite);
  const byNode = [...groupBy(chosenGuests(environment), ({ node }) => node)];
  const prepared = await Promise.all(
    byNode.map(async ([node, guests]) => ({ node, guests, place: (await nodes(node)).place })),
  );
  const { storage } = backup;
  const common = { environment: name, storage: storage.id, folder: folderOf(storage), offsite, writer, authority };
  return () => {
    const copies = prepared.map(({ node, guests, place }) => {
      const { address, port, login } = place;
      return new ArchiveCopies(archiveCopiesResource(node), { address, port, login, copied: { ...common, guests } });
    });
    const names = pulumi.all(copies.map(({ guests }) => guests)).apply((found) => found.flat().sort());
    return { archivesElsewhere: names };
  };
}

/** Where the archives of a storage lie on its nodes. Undefined: of one that was there already only Proxmox knows. */
function folderOf(storage: Environment["backup"]["storage"]): string | undefined {
  switch (storage.type) {
    case "dir":
      return `${storage.path}/dump`;
    case "nfs":
      return `/mnt/pve/${storage.id}/dump`;
    case "adopted":
    case "pbs":
      return undefined;
  }
}
