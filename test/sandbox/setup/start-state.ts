import { API_TOKEN, API_USER, type Secrets } from "./keys";
import type { SandboxNode } from "./layout";
import { TEMPLATE } from "./template";

/**
 * Privileges of the sandbox's API user: what the program and `lifeboat` need and nothing else. `lifeboat doctor
 * --print-setup` prints the same list for a real site, and a test compares the two.
 */
export const PRIVILEGES = [
  "Datastore.Allocate",
  "Datastore.AllocateSpace",
  "Datastore.Audit",
  "Pool.Allocate",
  "Pool.Audit",
  "SDN.Use",
  "Sys.Audit",
  "Sys.Modify",
  "VM.Allocate",
  "VM.Audit",
  "VM.Backup",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Cloudinit",
  "VM.Config.Disk",
  "VM.Config.HWType",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
] as const;

const ROLE = "Lifeboat";

/** A site before its first request, in the form that the emulator's fixtures have (model/fixture.ts). */
export interface StartState {
  clusters: StartCluster[];
}

export interface StartCluster {
  nodes: {
    node: string;
    address: string;
    timezone: string;
    cluster: string | null;
    version: { version: string; release: string; repoid: string };
  }[];
  storage: Record<string, string>[];
  access: {
    users: { userid: string; password?: string; comment?: string }[];
    tokens: { userid: string; tokenid: string; privsep: 0 | 1; value: string }[];
    roles: { roleid: string; privileges: string[] }[];
    acl: { path: string; type: "user" | "group" | "token"; ugid: string; roleid: string }[];
  };
  network: { node: string; interfaces: string }[];
  /** Guests made by hand: the text of their configuration, and their volumes. */
  guests: {
    vmid: number;
    type: "lxc" | "qemu";
    node: string;
    status?: "running" | "stopped";
    config: string;
    volumes: StartVolume[];
  }[];
  files: (Omit<StartVolume, "size"> & { text?: string })[];
}

interface StartVolume {
  volid: string;
  format: string;
  /** On the node. */
  path: string;
  size?: number;
  folders?: string[];
  /** Path in the volume to text. */
  files?: Record<string, string>;
}

/** Standalone nodes as a fresh Proxmox has them: one storage, a template, root, and the API user of Lifeboat. */
export function startState(
  nodes: readonly SandboxNode[],
  secrets: Secrets,
  options: { tinyTemplate: boolean },
): StartState {
  return { clusters: nodes.map((node) => standaloneNode(node, secrets, options)) };
}

function standaloneNode(node: SandboxNode, secrets: Secrets, options: { tinyTemplate: boolean }): StartCluster {
  return {
    nodes: [
      {
        node: node.name,
        address: node.address,
        timezone: "UTC",
        cluster: null,
        version: { version: "9.2.11", release: "9.2", repoid: "0000000000000000" },
      },
    ],
    storage: [
      {
        storage: "local",
        type: "dir",
        path: "/var/lib/vz",
        content: "iso,vztmpl,backup,snippets,rootdir,images,import",
      },
    ],
    access: access(secrets),
    network: [{ node: node.name, interfaces: interfaces(node) }],
    guests: [],
    files: options.tinyTemplate ? [tinyTemplate] : [],
  };
}

function access({ token, rootPassword }: Secrets): StartCluster["access"] {
  const value = token.slice(token.indexOf("=") + 1);
  return {
    users: [
      { userid: "root@pam", password: rootPassword },
      { userid: API_USER, comment: "Lifeboat" },
    ],
    tokens: [{ userid: API_USER, tokenid: API_TOKEN, privsep: 1, value }],
    roles: [{ roleid: ROLE, privileges: [...PRIVILEGES] }],
    acl: [
      { path: "/", type: "user", ugid: API_USER, roleid: ROLE },
      { path: "/", type: "token", ugid: `${API_USER}!${API_TOKEN}`, roleid: ROLE },
    ],
  };
}

function interfaces(node: SandboxNode): string {
  return [
    "auto lo",
    "iface lo inet loopback",
    "",
    "auto vmbr0",
    "iface vmbr0 inet static",
    `\taddress ${node.address}/24`,
    "\tgateway 192.0.2.1",
    "\tbridge-ports none",
    "\tbridge-stp off",
    "\tbridge-fd 0",
    "",
  ].join("\n");
}

/** The memory driver's template: the files that Proxmox looks at, and those that a restore is checked by. */
const tinyTemplate: StartVolume = {
  volid: `local:vztmpl/${TEMPLATE}`,
  path: `/var/lib/vz/template/cache/${TEMPLATE}`,
  format: "tar.zst",
  folders: [
    "dev",
    "etc/network",
    "etc/ssh",
    "etc/systemd/network",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "var/cache",
    "var/lib",
    "var/tmp",
  ],
  files: {
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    "etc/debian_version": "12.12\n",
    "etc/hostname": "template\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "etc/shadow": "root:*:20000:0:99999:7:::\n",
    "usr/sbin/init": "",
  },
};
