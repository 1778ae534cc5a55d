import type { ClusterState } from "../sandbox/model/state";

/** Texts of firewall files. */
export interface FirewallFiles {
  datacenter?: string;
  node?: string;
  guest?: string;
  /** Further options of `net0`. */
  card?: string;
}

const on = "[OPTIONS]\nenable: 1\n";

/** A node with one container, all switches on unless said otherwise. */
export function firewalledCluster({
  datacenter = on,
  node = "",
  guest = on,
  card = ",firewall=1",
}: FirewallFiles): ClusterState {
  const address = "hwaddr=BC:24:11:00:00:01,ip=192.0.2.101/24,gw=192.0.2.1";
  return {
    name: null,
    nodes: [
      {
        node: "pve-prod",
        address: "192.0.2.11",
        timezone: "UTC",
        version: { version: "9.2.11", release: "9.2", repoid: "0000000000000000" },
        interfaces: "auto vmbr0\niface vmbr0 inet static\n\taddress 192.0.2.11/24\n",
        firewall: node,
      },
    ],
    storages: [],
    access: { users: [], tokens: [], groups: [], pools: [], roles: [], acl: [] },
    jobs: [],
    guests: [
      {
        vmid: 101,
        type: "lxc",
        node: "pve-prod",
        configuration: `hostname: web\nnet0: name=eth0,bridge=vmbr0,${address}${card}\nnet1: name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:00:02\n`,
        firewall: guest,
        status: "running",
      },
    ],
    volumes: [],
    firewall: datacenter,
    options: {},
    urls: [],
  };
}
