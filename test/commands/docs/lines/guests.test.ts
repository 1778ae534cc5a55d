import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { changeNetwork, drillSettings } from "../../drill/drill-parts";
import { node, RestoreSite } from "../../restore/restore-site";
import { killAt } from "../../support/kill-at";
import { runLines } from "../run-lines";

/** Lines about guests, on a cluster with two environments more, and a bridge for drills. */
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
      { id: 103, name: "mail" },
      { id: 104, name: "app", checks: "[running]\n      needs: [db]" },
      { id: 199, name: "handmade", unmarked: true },
      { id: 201, name: "gitea", node: "pve2", unmarked: true },
      { id: 301, name: "metrics", node: "pve2", unmarked: true },
    ],
    {
      settings: drillSettings.replace("9009", "9099"),
      further: ["pve2"],
      adjust: (cluster) => ({
        ...cluster,
        storage: [
          ...cluster.storage.map((one) => (one["storage"] === "backup" ? { ...one, shared: "1" } : one)),
          { storage: "fast", type: "dir", path: "/mnt/fast", content: "rootdir,images" },
        ],
      }),
    },
  );
  const second = { node: "pve2", ca: "site-ca.pem" };
  site.declare("lab", { profile: "lab", ...second, guests: { gitea: ["adopt: 201"] } });
  site.declare("monitoring", { profile: "monitoring", ...second, guests: { metrics: ["adopt: 301"] } });
  for (const name of ["handmade", "gitea", "metrics"]) forget(name);
  for (const name of [node, "pve2"]) mkdirSync(site.nodePath(name, "mnt/fast"), { recursive: true });
  // Whoever runs this has no systemd of their own, or one that this is no matter of.
  for (const name of ["systemctl", "loginctl"]) writeFileSync(join(site.folder, name), "#!/bin/sh\n", { mode: 0o755 });
  await changeNetwork(site, "POST", { iface: "vmbr9", type: "bridge", autostart: true });
  for (const id of [101, 102, 103, 104]) await site.backUp(id);
  copyOf(101, "2026_11_18-01_00_00");
});

afterAll(() => site.stop());

/** The guest leaves the settings. */
function forget(name: string): void {
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace(new RegExp(`^ {4}${name}:\\n(?: {5,}.*\\n)+`, "mu"), ""));
}

/** An archive of the guest as if it had been made at that time. */
function copyOf(id: number, time: string): void {
  const folder = site.nodePath(node, "mnt/backup/dump");
  for (const file of readdirSync(folder).filter((name) => name.startsWith(`vzdump-lxc-${String(id)}-`))) {
    copyFileSync(join(folder, file), join(folder, file.replace(/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d/u, time)));
  }
}

/** A restore of it is cut off on its way. */
async function cutOff(name: string): Promise<void> {
  const { code } = await site.lifeboat(["restore", "guest", name, "--force", "--stop"], killAt("after", 3));
  if (code !== null) throw new Error("the restore was not cut off");
}

runLines("guests", () => ({
  site,
  variables: { PULUMI_CONFIG_PASSPHRASE: "correct horse" },
  before: {
    "lifeboat abandon prod/web": () => cutOff("web"),
    "lifeboat adopt prod/101": async () => {
      forget("web");
      await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: 101 }, { description: "" });
    },
  },
  words: {
    ARCHIVE: async () => (await site.archives(101))[0]?.volid ?? "",
    RECIPIENT: async () => identityToRecipient(await generateX25519Identity()),
  },
}));
