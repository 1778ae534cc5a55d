import type { ContainerSpec } from "../driver";

/** What the machine and the site add to a container's own description. */
export interface LxcSurroundings {
  /** Folder on which the container's volumes are mounted. */
  rootFolder: string;
  /** Names of the host's ends of the network cards, in the order of `networks`. */
  cards: readonly string[];
  haltSignal: string;
  /** How this machine counts: 1 for cgroup v1 or hybrid, 2 for the unified hierarchy. */
  controlGroups: 1 | 2;
  /** Processors of this machine. */
  processors: number;
}

/**
 * LXC's configuration of one container.
 *
 * The cards have no `link`: LXC looks for the bridge in /sys, which shows another network namespace than the site's, so
 * the driver puts them on the bridge after the start. AppArmor's profiles are not for a container whose mounts are the
 * driver's own.
 */
export function lxcConfiguration(container: ContainerSpec, surroundings: LxcSurroundings): string {
  const lines = [
    "lxc.include = /usr/share/lxc/config/common.conf",
    ...(container.nesting ? nesting(surroundings) : []),
    "lxc.apparmor.profile = unconfined",
    `lxc.uts.name = ${container.hostname}`,
    `lxc.rootfs.path = dir:${surroundings.rootFolder}`,
    `lxc.signal.halt = ${surroundings.haltSignal}`,
    ...limits(container, surroundings),
    ...container.networks.flatMap((network, index) => [
      `lxc.net.${index}.type = veth`,
      `lxc.net.${index}.veth.pair = ${surroundings.cards[index] ?? ""}`,
      `lxc.net.${index}.name = ${network.name}`,
      `lxc.net.${index}.hwaddr = ${network.hardwareAddress}`,
      ...(network.linkDown ? [] : [`lxc.net.${index}.flags = up`]),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * What lets a container run containers, as one with this feature does on a real node. Docker's runtime gives each container
 * /dev/net/tun, and the kernel lets nobody give what he may not use himself. A real node's containers are unprivileged: there
 * the runtime leaves the devices of its control groups alone.
 */
function nesting(surroundings: LxcSurroundings): string[] {
  return [
    "lxc.include = /usr/share/lxc/config/nesting.conf",
    "lxc.cap.drop =",
    `${controlGroupPrefix(surroundings)}.devices.allow = c 10:200 rwm`,
  ];
}

function limits(container: ContainerSpec, surroundings: LxcSurroundings): string[] {
  const { controlGroups, processors } = surroundings;
  const bytes = container.memory * 1024 * 1024;
  const memory =
    controlGroups === 1 ? `lxc.cgroup.memory.limit_in_bytes = ${bytes}` : `lxc.cgroup2.memory.max = ${bytes}`;
  if (container.cores === undefined || container.cores >= processors) return [memory];
  return [memory, `${controlGroupPrefix(surroundings)}.cpuset.cpus = 0-${container.cores - 1}`];
}

function controlGroupPrefix({ controlGroups }: LxcSurroundings): string {
  return controlGroups === 1 ? "lxc.cgroup" : "lxc.cgroup2";
}
