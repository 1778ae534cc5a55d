import type { ContainerGuest, Environment } from "../../site/settings/environment";
import { parseSettings } from "../../site/settings/parse-settings";
import { formatProblems } from "../../site/settings/problem";

/** Settings of a site as `Pulumi.prod.yaml` writes them: the design's example, with a bind mount left to the tests. */
export function exampleSettings() {
  return {
    profile: "prod",
    proxmox: { endpoint: "https://192.0.2.11:8006", node: "pve-prod", ca: "site-ca.pem" },
    backup: { storage: { id: "backup", type: "dir", path: "/mnt/backup" } },
    guests: { web: exampleContainer() },
  };
}

/** One container of the settings. */
export function exampleContainer() {
  return {
    kind: "container",
    id: 101,
    template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    root: { storage: "local", size: "8GiB" },
    disks: {
      data: { mount: "/srv", storage: "local", size: "20GiB" },
      cache: {
        mount: "/var/cache/app",
        storage: "data",
        size: "10GiB",
        backup: { exclude: "rebuilt at start", owner: "web team", until: "2035-12-31" },
      },
    },
    network: { bridge: "vmbr0", address: "192.0.2.101/24", gateway: "192.0.2.1" },
  };
}

/** The environment of some settings, which have to be right. */
export function environmentOf(settings: unknown, name = "prod"): Environment {
  const parsed = parseSettings(settings, { environment: name });
  if (!parsed.ok) throw new Error(formatProblems(parsed.problems, name));
  return parsed.environment;
}

/** A container as the components get it: the example with other keys in its settings. */
export function containerOf(other: Readonly<Record<string, unknown>> = {}): ContainerGuest {
  const { guests } = environmentOf({ ...exampleSettings(), guests: { web: { ...exampleContainer(), ...other } } });
  const [guest] = guests;
  if (guest?.kind !== "container") throw new Error("the example is a container");
  return guest;
}

/** The example's container as Proxmox returns it after `pulumi up`, with other keys; undefined takes one away. */
export function liveConfiguration(other: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const agreed = {
    arch: "amd64",
    cores: "1",
    description: "lifeboat: prod/web\n",
    digest: "0000000000000000000000000000000000000000",
    hostname: "web",
    memory: "512",
    mp0: "local:101/vm-101-disk-1.raw,mp=/srv,backup=1,size=20G",
    mp1: "data:101/vm-101-disk-0.raw,mp=/var/cache/app,size=10G",
    net0: "name=eth0,bridge=vmbr0,gw=192.0.2.1,hwaddr=BC:24:11:3D:14:E1,ip=192.0.2.101/24,type=veth",
    ostype: "debian",
    rootfs: "local:101/vm-101-disk-0.raw,size=8G",
    swap: "0",
    unprivileged: "1",
    ...other,
  };
  return Object.fromEntries(
    Object.entries(agreed).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
