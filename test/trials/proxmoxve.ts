import { join } from "node:path";
import { readFileSync } from "node:fs";
import { startSandboxHere } from "../sandbox/setup/start-sandbox";
import { TEMPLATE } from "../sandbox/setup/template";
import { Plugin } from "./plugin";

const node = "pve-trial";

/** A storage, a backup job and a container on an emulated node. */
export async function tryProxmoxve(program: string, folder: string): Promise<void> {
  const sandbox = await startSandboxHere({ driver: "memory", folder: join(folder, "sandbox"), nodes: [node] });
  try {
    const [place] = sandbox.nodes;
    const settings = {
      endpoint: `https://${place?.address ?? ""}:${String(place?.port ?? 0)}`,
      username: "root@pam",
      password: readFileSync(sandbox.layout.rootPasswordFile, "utf8").trim(),
    };
    const trust = { SSL_CERT_FILE: sandbox.layout.ca };
    await Plugin.use(program, "proxmoxve", settings, trust, async (plugin) => {
      await plugin.makeAndDelete(storage);
      await plugin.makeAndDelete(job);
      await plugin.makeAndDelete(container);
    });
  } finally {
    await sandbox.stop();
  }
}

const storage = {
  type: "proxmoxve:storage/directory:Directory",
  name: "storage",
  inputs: { resourceId: "trial", path: "/mnt/trial", contents: ["backup"], shared: false },
};

const job = {
  type: "proxmoxve:backup/job:Job",
  name: "job",
  inputs: { resourceId: "trial", schedule: "01:00", storage: "local", vmids: ["100"] },
};

const container = {
  type: "proxmoxve:index/containerLegacy:ContainerLegacy",
  name: "container",
  inputs: {
    nodeName: node,
    vmId: 100,
    started: false,
    unprivileged: true,
    operatingSystem: { templateFileId: `local:vztmpl/${TEMPLATE}`, type: "debian" },
    disk: { datastoreId: "local", size: 1 },
    initialization: { hostname: "trial" },
    networkInterfaces: [{ name: "eth0", bridge: "vmbr0" }],
  },
};
