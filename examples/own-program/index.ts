import { Provider } from "@muhlba91/pulumi-proxmoxve/provider";
import * as pulumi from "@pulumi/pulumi";
import { BackupJob, BackupStorage, Container, type ContainerArgs, PostgresBackup } from "lifeboat/components";

// Whatever this program is configured by is its own affair: here it is Pulumi's settings, see README.md.
const config = new pulumi.Config();
const node = config.require("node");
const sshKeys = config.getObject<string[]>("sshKeys");
const protect = config.getBoolean("protect");

const provider = new Provider("site", {
  endpoint: config.require("endpoint"),
  apiToken: config.requireSecret("apiToken"),
});

/** What this program's containers have alike, over components that know nothing of a shop. */
function container(
  name: string,
  id: number,
  address: string,
  dataFolder: string,
  other: Partial<ContainerArgs> = {},
): Container {
  return new Container(
    name,
    {
      id,
      node,
      template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
      root: { storage: "local", size: "4GiB" },
      disks: {
        data: { mount: dataFolder, storage: "local", size: "2GiB" },
        cache: {
          mount: "/var/cache",
          storage: "local",
          size: "1GiB",
          backup: { exclude: "filled again by itself", owner: "shop team", until: "2035-12-31" },
        },
      },
      network: { bridge: "vmbr0", address: `${address}/24`, gateway: "192.0.2.1" },
      sshKeys,
      tags: ["shop"],
      protect,
      ...other,
    },
    { provider },
  );
}

const database = container("shop-database", 502, "192.0.2.52", "/var/lib/postgresql", { memory: "1GiB" });

// An argument may be an output, here one of the other container's: it is checked when it has its value.
const web = container("shop", 501, "192.0.2.51", "/srv", {
  description: pulumi.interpolate`Its database is guest ${database.vmId}.`,
});

const storage = new BackupStorage("backup", { id: "backup", type: "dir", path: "/mnt/backup" }, { provider });

const job = new BackupJob(
  "nightly",
  {
    storage: storage.storageId,
    guests: [web.vmId, database.vmId],
    schedule: config.get("schedule") ?? "02:30",
    keep: { daily: 7, weekly: 4 },
  },
  { provider },
);

// Dumps of the database, once somebody has looked up its host key: that is known when the container has been made.
const hostKey = config.get("databaseHostKey");
const dumps =
  hostKey === undefined
    ? undefined
    : new PostgresBackup(
        "shop",
        {
          address: "192.0.2.52",
          hostKey,
          privateKey: config.requireSecret("sshKey"),
          password: config.requireSecret("dumpPassword"),
          at: "03:00",
          keep: { daily: 7, weekly: 4 },
        },
        { dependsOn: database },
      );

export const dumpsAt = dumps?.schedule;
export const guests = [web.vmId, database.vmId];
export const backupJob = job.jobId;
