/** Rooms, named by their folders, each with what it may import besides itself. `a/*` is every folder in `a`, each on its own. */
export type Arrows = Readonly<Record<string, readonly string[]>>;

/** Each room may import those after it, and what they all may. */
function inOrder(folder: string, rooms: readonly string[], all: readonly string[]): Arrows {
  const places = rooms.map((room) => `${folder}/${room}`);
  return Object.fromEntries(places.map((place, index) => [place, [...places.slice(index + 1), ...all]]));
}

const site = ["site", "proxmox"];

const scripts = inOrder(
  "scripts",
  [
    "commands",
    "pull-requests",
    "inspect",
    // Operations, which know nothing of each other; what they share; what runs all of them.
    "recovery/*",
    "recovery/steps",
    "recovery/engine",
    "project",
    "clients",
    "toolchain",
    "terminal",
    "machine",
  ],
  site,
);

/**
 * Which way imports go, from the top down: those of types and those at run time (`await import`) too. A file belongs to the
 * innermost room that is listed. What no line names imports as it likes, as tests do; circles are nowhere allowed.
 */
export const arrows: Arrows = {
  "proxmox/rules": [],
  "proxmox/api": ["proxmox/rules"],
  site: ["proxmox/rules"],
  components: ["site", "proxmox/rules"],
  // SSH, and where this machine keeps what is known of a site's hosts.
  stacks: ["components", "scripts/clients", "scripts/machine", ...site],

  scripts: ["scripts/commands", "scripts/terminal"],
  ...scripts,
  // It is the restore of a save point.
  // It reads the plans of operations that are given up.
  "scripts/recovery/abandon": [
    ...["forget", "grow", "restore-guest"].map((one) => `scripts/recovery/${one}`),
    ...(scripts["scripts/recovery/*"] ?? []),
  ],
  // Its copies are restored like any other.
  "scripts/recovery/drill": ["scripts/recovery/restore-guest", ...(scripts["scripts/recovery/*"] ?? [])],
  // It brings a site back with the operations by which its parts come back one by one.
  "scripts/recovery/recover": [
    ...["rebuild", "restore-guest", "restore-data", "point-in-time", "up"].map((one) => `scripts/recovery/${one}`),
    ...(scripts["scripts/recovery/*"] ?? []),
  ],
  // The guest of monitoring is restored like any other, or made by its stack as `lifeboat up` makes it.
  "scripts/recovery/rebuild-monitoring": [
    ...["restore-guest", "up"].map((one) => `scripts/recovery/${one}`),
    ...(scripts["scripts/recovery/*"] ?? []),
  ],
  // A database comes from a dump, or from the archive of its cluster.
  "scripts/recovery/restore-data": ["scripts/recovery/point-in-time", ...(scripts["scripts/recovery/*"] ?? [])],
  "scripts/recovery/undo": ["scripts/recovery/restore-guest", ...(scripts["scripts/recovery/*"] ?? [])],
  "scripts/toolchain": ["scripts/terminal", "scripts/machine"],

  "test/sandbox": ["test/sandbox", "proxmox/rules"],
  ...inOrder(
    "test/sandbox",
    ["setup", "server", "endpoints", "guests", "calls", "model", "drivers", "firewall", "protocol", "machine"],
    ["proxmox/rules"],
  ),
};
