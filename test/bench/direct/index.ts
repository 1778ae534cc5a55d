/**
 * What somebody would write without Lifeboat: a storage, containers with a second disk, and a job over them, with the
 * provider's classes and nothing else. `npm run bench` measures Lifeboat's preview against this program's.
 */
import { Job } from "@muhlba91/pulumi-proxmoxve/backup/job";
import { ContainerLegacy } from "@muhlba91/pulumi-proxmoxve/containerLegacy";
import { Provider } from "@muhlba91/pulumi-proxmoxve/provider";
import { Directory } from "@muhlba91/pulumi-proxmoxve/storage/directory";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";

const config = new pulumi.Config("direct");
const nodeName = config.require("node");
const token = readFileSync(config.require("tokenFile"), "utf8").trim();
const provider = new Provider("proxmox", { endpoint: config.require("endpoint"), apiToken: pulumi.secret(token) });

const storage = new Directory(
  "backup",
  { resourceId: "backup", path: "/mnt/backup", contents: ["backup"], shared: false },
  { provider },
);

const guests = Array.from({ length: config.requireNumber("guests") }, (_, index) => {
  const vmId = 1_001 + index;
  const name = `guest-${String(index + 1)}`;
  return new ContainerLegacy(
    name,
    {
      nodeName,
      vmId,
      operatingSystem: { templateFileId: "local:vztmpl/debian-12-standard_amd64.tar.zst", type: "debian" },
      unprivileged: true,
      cpu: { cores: 1 },
      memory: { dedicated: 512, swap: 512 },
      disk: { datastoreId: "local", size: 2 },
      mountPoints: [{ path: "/srv", volume: "local", size: "1G", backup: true }],
      networkInterfaces: [{ name: "eth0", bridge: "vmbr0" }],
      initialization: {
        hostname: name,
        ipConfigs: [{ ipv4: { address: `10.0.0.${String(2 + index)}/16`, gateway: "10.0.0.1" } }],
      },
      startOnBoot: true,
      started: true,
    },
    { provider, protect: true },
  );
});

const job = new Job(
  "backup",
  {
    resourceId: "lifeboat-prod",
    schedule: "01:00",
    storage: storage.resourceId,
    vmids: guests.map(({ vmId }) => vmId.apply(String)),
    mode: "snapshot",
    compress: "zstd",
    pruneBackups: { "keep-daily": "7", "keep-weekly": "4" },
  },
  { provider },
);

export const backupJob = job.resourceId;
