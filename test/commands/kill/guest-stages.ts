import type { Archive } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { NodeSite } from "../support/site/node-site";
import type { LoggedRequest } from "../support/request-log";
import type { Stage } from "./kill-row";

/** A site whose guests can be backed up. */
type GuestSite = NodeSite & {
  readonly client: ProxmoxClient;
  backUp(id: number): Promise<string>;
  archives(id: number): Promise<Archive[]>;
};

/** A guest with one archive, that is no longer what its archive holds. */
export interface GuestStage<Site extends GuestSite> extends Stage {
  readonly site: Site;
  readonly id: number;
  readonly archive: string;
  /** Another machine of the operator from now on: without journals of what was done before. */
  readonly renew: () => void;
}

/** Backs each guest up once. */
export async function guestStages<Site extends GuestSite>(
  site: Site,
  guests: readonly { readonly id: number; readonly name: string }[],
): Promise<GuestStage<Site>[]> {
  const stages: GuestStage<Site>[] = [];
  for (const { id, name } of guests) {
    const archive = await site.backUp(id);
    let env = site.otherMachine();
    stages.push({
      site,
      id,
      name,
      archive,
      renew: () => (env = site.otherMachine()),
      get stateFolder() {
        return site.stateFolder("prod", env);
      },
      lifeboat: (argv, options) => site.lifeboat(argv, { ...options, env: { ...env, ...options?.env } }),
    });
  }
  return stages;
}

/** Id of a copy of a guest. */
export const copyOf = ({ id }: { readonly id: number }): number => id + 800;

/** Whether a request restores an archive to a guest's id. */
export function isRestore(node: string, type: "lxc" | "qemu") {
  return ({ method, path, parameters }: LoggedRequest, vmid: number): boolean =>
    method === "POST" && path === `/nodes/${node}/${type}` && parameters["vmid"] === String(vmid);
}

/** Also backups of the kill before: one that is made within the same second has the same name. */
export async function dropOtherArchives({ site, id, archive }: GuestStage<GuestSite>, node: string): Promise<void> {
  for (const { volid } of await site.archives(id)) {
    if (volid === archive) continue;
    await site.client.backups.setArchiveProtection(node, volid, false);
    await site.client.tasks.wait(await site.client.backups.deleteArchive(node, volid));
  }
}
