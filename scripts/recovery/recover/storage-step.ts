import { definingWords, definitionOf } from "../../../site/storage-definition";
import { shellQuote } from "../../machine/shell-quote";
import type { LoadedEnvironment } from "../../project/site";
import { type Step, standing } from "../engine/step";
import type { EnvironmentLook } from "./plan";
import type { SiteSession } from "./session";

/** Defines the storage with the backups on a node that does not know it. What lies on it stays as it is. */
export function storageStep(look: EnvironmentLook, session: SiteSession): Step {
  const { id } = look.storage;
  const { settings } = session.site.environment(look.name);
  return standing({
    id: `storage-${look.name}`,
    title: `Define storage ${id} of ${look.name}`,
    does: `define storage ${id} as the settings of ${look.name} have it; what lies on it stays`,
    card: {
      needs: `${settings.proxmox.node} answers, and has mounted whatever the storage lies on`,
      command: definingLine(settings),
      check: "its archives are listed: lifeboat backups",
    },
    run: async () => {
      const environment = session.site.environment(look.name);
      const { settings } = environment;
      const client = await environment.client();
      const isThere = async (): Promise<boolean> =>
        (await client.backups.storages(settings.proxmox.node)).some(({ storage }) => storage === id);
      const definition = definitionOf(settings.backup.storage);
      // Environments of one node may have it in common.
      if (definition === undefined || (await isThere())) return;
      await client.backups.defineStorage(definition);
      const archives = await client.backups.archives(settings.proxmox.node, id);
      return { facts: { archives: archives.length } };
    },
  });
}

/** The line that somebody runs on the node. */
export function defineByHand({ settings }: LoadedEnvironment): string {
  return `${definingLine(settings)}; then the same command`;
}

function definingLine({ backup, proxmox }: LoadedEnvironment["settings"]): string {
  const words = definingWords(backup.storage).map((word) => shellQuote(word));
  return `on ${proxmox.node}: ${words.join(" ")}`;
}
