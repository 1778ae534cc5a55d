/** Settings of an environment with a state store, as `Pulumi.monitoring.yaml` could write them. */
export function storeSettings(other: Readonly<Record<string, unknown>> = {}) {
  return {
    profile: "monitoring",
    proxmox: { endpoint: "https://192.0.2.13:8006", node: "pve-mon", ca: "site-ca.pem" },
    backup: { storage: { id: "backup", type: "dir", path: "/mnt/backup" } },
    guests: { store: exampleStoreGuest() },
    stateStore: exampleStore(),
    ...other,
  };
}

/** `lifeboat:stateStore` with nothing in it that has a default. */
export function exampleStore(): Record<string, unknown> {
  return {
    guest: "store",
    server: { url: "http://192.0.2.1/minio", sha256: "ab".repeat(32) },
    allow: ["192.0.2.0/24"],
  };
}

/** The container of the store. */
function exampleStoreGuest(): Record<string, unknown> {
  return {
    kind: "container",
    id: 302,
    template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    root: { storage: "local", size: "4GiB" },
    disks: { data: { mount: "/var/lib/minio", storage: "local", size: "10GiB" } },
    network: { bridge: "vmbr0", address: "192.0.2.132/24", gateway: "192.0.2.1", firewall: true },
  };
}

/** The settings with other keys in the container of the store. */
export function withStoreGuest(other: Readonly<Record<string, unknown>>) {
  return storeSettings({ guests: { store: { ...exampleStoreGuest(), ...other } } });
}
