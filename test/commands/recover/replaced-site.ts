import { cpSync } from "node:fs";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type RecoverOptions, RecoverSite } from "./recover-site";

/** What the new node and its storage are called. */
export const renaming = ["--map", "pve-prod=pve-new", "--storage", "local=tank,data=tank"] as const;

/** A site whose node was replaced by one of another name, with the archives and nothing else on it. */
export interface ReplacedSite {
  readonly lost: RecoverSite;
  /** Asks the new node. */
  readonly fresh: ProxmoxClient;
  stop(): Promise<void>;
}

/** Two guests that were on the old node, a job on the new one, and settings that know where that answers. */
export async function startReplaced(more: RecoverOptions = {}): Promise<ReplacedSite> {
  const lost = await RecoverSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
    ],
    { beside: ["pve-new"], ...more, state: { web: { nodeName: "pve-prod", disk: { datastoreId: "local" } } } },
  );
  const { site } = lost;
  const fresh = site.connect("pve-new");
  await fresh.post(["cluster", "backup"], {
    id: "lifeboat-prod",
    schedule: "01:00",
    storage: "backup",
    vmid: "101,102",
  });
  // The disk with the backups was carried over; of everything else nothing is left.
  cpSync(site.nodePath("pve-prod", "mnt/backup/dump"), site.nodePath("pve-new", "mnt/backup/dump"), {
    recursive: true,
  });
  const moved = site.read("Pulumi.prod.yaml").replace(site.endpoint("pve-prod"), site.endpoint("pve-new"));
  site.write("Pulumi.prod.yaml", moved + "# as the owner wrote it\n");
  lost.loseNode("pve-prod");
  const stop = async (): Promise<void> => {
    await fresh.close();
    await lost.stop();
  };
  return { lost, fresh, stop };
}
