import { exporterGrants, exporterUser } from "../../../proxmox/rules/exporter-privileges";
import { type RoleGrant, roleGrants } from "../../../proxmox/rules/privileges";
import type { DeclaredNeeds } from "./declared-needs";
import { MACHINE_IMAGE } from "./images/machine-image";
import { API_TOKEN, API_USER, type Secrets } from "./keys";
import type { SandboxNode } from "./layout";
import { TEMPLATE } from "./template";

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
    groups: { groupid: string; members: string[] }[];
    tokens: { userid: string; tokenid: string; privsep: 0 | 1; value: string }[];
    roles: { roleid: string; privileges: string[] }[];
    acl: { path: string; type: "user" | "group" | "token"; ugid: string; roleid: string; propagate?: boolean }[];
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
  /** Proxmox Backup Servers that its storages can name. */
  backupServers?: {
    server: string;
    datastores: string[];
    fingerprint?: string;
    users: { userid: string; password: string }[];
  }[];
  /** On the first node unless another one is named. */
  files: (Omit<StartVolume, "size"> & { text?: string; virtualSize?: number; node?: string })[];
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

export interface StartOptions {
  /** What the settings declare: by it API users may do what `lifeboat doctor --print-setup` prints for a real site. */
  needs: Omit<DeclaredNeeds, "machines">;
  /** Puts the memory driver's template and its image of machines on each node. */
  tinyTemplate: boolean;
  /** Name of the one cluster that all nodes form. Without it each stands alone. */
  cluster?: string | undefined;
}

/** Nodes as a fresh Proxmox has them: one storage, a template, root, and the API user of Lifeboat. */
export function startState(nodes: readonly SandboxNode[], secrets: Secrets, options: StartOptions): StartState {
  const groups = options.cluster === undefined ? nodes.map((node) => [node]) : [[...nodes]];
  return { clusters: groups.map((members) => freshCluster(members, secrets, options)) };
}

function freshCluster(members: readonly SandboxNode[], secrets: Secrets, options: StartOptions): StartCluster {
  return {
    nodes: members.map(({ name, address }) => ({
      node: name,
      address,
      timezone: "UTC",
      cluster: options.cluster ?? null,
      version: { version: "9.2.11", release: "9.2", repoid: "0000000000000000" },
    })),
    storage: [
      {
        storage: "local",
        type: "dir",
        path: "/var/lib/vz",
        content: "iso,vztmpl,backup,snippets,rootdir,images,import",
      },
    ],
    access: access(secrets, options.needs),
    network: members.map((node) => ({ node: node.name, interfaces: interfaces(node) })),
    guests: [],
    backupServers: [backupServer],
    files: options.tinyTemplate
      ? members.flatMap(({ name: node }) => tinyFiles.map((file) => ({ ...file, node })))
      : [],
  };
}

/** Beside every site is a backup server. Whoever knows the sandbox may use it: it guards nothing. */
const backupServer = {
  server: "192.0.2.30",
  datastores: ["main"],
  users: [{ userid: "lifeboat@pbs", password: "not-a-secret-of-the-sandbox" }],
};

/** The token is separated from its user, so it has to be granted everything on its own. */
function access({ token, rootPassword }: Secrets, needs: StartOptions["needs"]): StartCluster["access"] {
  const grants = roleGrants(needs);
  const looking = needs.tokenGroups.length === 0 ? [] : exporterGrants(needs);
  const roles = new Map([...grants, ...looking].map(({ role, privileges }) => [role, [...privileges]]));
  return {
    users: [
      { userid: "root@pam", password: rootPassword },
      { userid: API_USER, comment: "Lifeboat" },
      ...needs.tokenGroups.map(() => ({ userid: exporterUser, comment: "Lifeboat: exporter" })),
    ],
    groups: needs.tokenGroups.map((groupid) => ({ groupid, members: [exporterUser] })),
    tokens: [{ userid: API_USER, tokenid: API_TOKEN, privsep: 1, value: token.slice(token.indexOf("=") + 1) }],
    roles: [...roles].map(([roleid, privileges]) => ({ roleid, privileges })),
    acl: [
      ...grants.flatMap((grant) => [entry("user", API_USER, grant), entry("token", `${API_USER}!${API_TOKEN}`, grant)]),
      ...looking.map((grant) => entry("user", exporterUser, grant)),
    ],
  };
}

function entry(
  type: "user" | "token",
  ugid: string,
  { role: roleid, path, propagate }: RoleGrant,
): StartCluster["access"]["acl"][number] {
  return { path, type, ugid, roleid, propagate };
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

/** The memory driver's image of machines: an empty disk, as large as Debian's. */
const tinyImage: StartState["clusters"][number]["files"][number] = {
  volid: `local:import/${MACHINE_IMAGE}`,
  path: `/var/lib/vz/import/${MACHINE_IMAGE}`,
  format: "qcow2",
  virtualSize: 3 * 1024 ** 3,
};

const tinyFiles = [tinyTemplate, tinyImage];
