/**
 * Which privileges the API token needs, where, and for what. The list that `lifeboat doctor` checks and from which
 * `lifeboat doctor --print-setup` makes the roles. Source: the permission checks of pve-manager 9.2, pve-container 6.1 and
 * pve-storage 9.1, most of them tried with restricted tokens.
 */

/** What a privilege is for. */
export type Feature =
  /** `status`, `backups`, `doctor`: see guests, archives, jobs and tasks. */
  | "look"
  /** `backup` and save points. */
  | "backup"
  /** `backup snapshot`, `backup snapshots` and `restore snapshot`. */
  | "snapshot"
  /** `restore` and `undo`. */
  | "restore"
  /** `pulumi up`. */
  | "deploy";

/**
 * A kind of place in Proxmox's tree of permissions. A role on a deeper path replaces what was inherited there, so each
 * kind of place has a role of its own.
 */
export type Place =
  | "cluster"
  | "guests"
  /** Guests that the program makes: all but adopted ones. */
  | "made guests"
  /** Virtual machines that the program makes. */
  | "machines"
  /** Those of them that cloud-init sets up. */
  | "seeded machines"
  /** Virtual machines of which a check has their guest agent run a command. */
  | "commanded machines"
  | "storage list"
  | "storages"
  | "backup storages"
  | "networks"
  | "pools"
  /** Groups of API users whose tokens the program makes. */
  | "token groups";

/** Places that are guests: one role at `/vms` covers them all. */
const guestPlaces: readonly Place[] = ["guests", "made guests", "machines", "seeded machines"];

/** One privilege at one kind of place. */
export interface PrivilegeRule {
  readonly privilege: string;
  readonly place: Place;
  readonly features: readonly Feature[];
  /** What it is needed for, as it reads after "it". */
  readonly reason: string;
}

const every: readonly Feature[] = ["look", "backup", "snapshot", "restore", "deploy"];

/** Who has it is root in the guest: nobody gets it but for a guest whose checks say so. */
const commanding = "VM.GuestAgent.Unrestricted";

const privilegeRules: readonly PrivilegeRule[] = [
  {
    place: "cluster",
    privilege: "Sys.Audit",
    features: every,
    reason: "reads backup jobs, running tasks and the node's clock",
  },
  { place: "cluster", privilege: "Sys.Modify", features: ["deploy"], reason: "writes the backup job" },
  { place: "guests", privilege: "VM.Audit", features: every, reason: "sees guests and their configuration" },
  {
    place: "guests",
    privilege: "VM.Backup",
    features: ["look", "backup", "restore"],
    reason: "sees, makes and restores archives",
  },
  {
    place: "guests",
    privilege: "VM.Allocate",
    features: ["restore", "deploy"],
    reason: "creates guests, and restores a lost one",
  },
  {
    place: "guests",
    privilege: "VM.Snapshot",
    features: ["snapshot"],
    reason: "takes and removes snapshots, and goes back to them",
  },
  {
    place: "guests",
    privilege: "VM.PowerMgmt",
    features: ["snapshot", "restore", "deploy"],
    reason: "starts and stops guests",
  },
  {
    place: "guests",
    privilege: "VM.Config.Disk",
    features: ["restore", "deploy"],
    reason: "puts each volume on its own storage",
  },
  {
    place: "guests",
    privilege: "VM.Config.Network",
    features: ["restore", "deploy"],
    reason: "sets host name, addresses, MACs and firewall rules",
  },
  {
    place: "guests",
    privilege: "VM.Config.Options",
    features: ["restore", "deploy"],
    reason: "sets description, tags, start at boot",
  },
  { place: "made guests", privilege: "VM.Config.CPU", features: ["deploy"], reason: "sets cores" },
  { place: "made guests", privilege: "VM.Config.Memory", features: ["deploy"], reason: "sets memory and swap" },
  {
    place: "machines",
    privilege: "VM.Config.HWType",
    features: ["deploy"],
    reason: "sets the serial port, the disk controller and ACPI",
  },
  {
    place: "machines",
    privilege: "VM.GuestAgent.Audit",
    features: ["restore", "deploy"],
    reason: "asks a machine's guest agent whether it is back, and for its addresses",
  },
  {
    place: "seeded machines",
    privilege: "VM.Config.Cloudinit",
    features: ["deploy"],
    reason: "writes the drive of cloud-init anew",
  },
  {
    place: "commanded machines",
    privilege: commanding,
    features: ["restore"],
    reason: "has a machine's guest agent run the command of a check",
  },
  {
    place: "storages",
    privilege: "Datastore.Audit",
    features: ["restore"],
    reason:
      "sees which disks there are: of a guest that may be half deleted, of one that is no more, of a template's clones",
  },
  {
    place: "storages",
    privilege: "Datastore.AllocateSpace",
    features: every,
    reason: "sees storages, their free space and archives, and makes disks and archives",
  },
  {
    place: "backup storages",
    privilege: "Datastore.Allocate",
    features: ["backup", "deploy"],
    reason: "writes a job with its retention, and keeps save points from being pruned",
  },
  {
    place: "storage list",
    privilege: "Datastore.Allocate",
    features: ["deploy"],
    reason: "declares the backup storage",
  },
  { place: "networks", privilege: "SDN.Use", features: ["restore", "deploy"], reason: "connects guests to bridges" },
  { place: "pools", privilege: "Pool.Audit", features: ["look", "restore", "deploy"], reason: "sees who is in a pool" },
  {
    place: "token groups",
    privilege: "User.Modify",
    features: ["deploy"],
    reason: "makes and removes the exporter's tokens",
  },
];

/** Privileges of the list by which something is changed for this purpose. Whoever lacks one to look is told while looking. */
export function actingPrivileges(feature: Feature): string[] {
  const rules = privilegeRules.filter(
    ({ features, privilege }) =>
      features.includes(feature) && !privilege.endsWith(".Audit") && privilege !== commanding,
  );
  return [...new Set(rules.map(({ privilege }) => privilege))];
}

/** Path of every bridge that is not in a zone of its own. */
const localNetwork = "/sdn/zones/localnetwork";

/** What a token works with. */
export interface PrivilegeScope {
  readonly vmids: readonly number[];
  /** Those of them that somebody else made: the program only backs them up. Default: none. */
  readonly adopted?: readonly number[];
  /** Those of them that are virtual machines which the program makes. Default: none. */
  readonly machines?: readonly number[];
  /** Those machines that cloud-init sets up. Default: none. */
  readonly seeded?: readonly number[];
  /** Machines of which a check has their guest agent run a command. Default: none. */
  readonly commanded?: readonly number[];
  /** Storages of disks, templates and archives. */
  readonly storages: readonly string[];
  readonly backupStorages: readonly string[];
  /** The program declares the backup storage, rather than adopting one. */
  readonly declaresStorage: boolean;
  readonly pools: readonly string[];
  /** Groups of API users whose tokens the program makes. Default: none. */
  readonly tokenGroups?: readonly string[];
}

/** A privilege at an actual path. */
export interface NeededPrivilege {
  readonly privilege: string;
  readonly path: string;
  readonly features: readonly Feature[];
  readonly reason: string;
}

/** Every privilege with the path at which it is needed, for these guests and storages. */
export function neededPrivileges(scope: PrivilegeScope): NeededPrivilege[] {
  return privilegeRules.flatMap((rule) =>
    pathsOf(rule, scope).map((path) => ({
      privilege: rule.privilege,
      path,
      features: rule.features,
      reason: rule.reason,
    })),
  );
}

/**
 * One line for each privilege that is missing, with all its paths: `VM.Backup on /vms/101, /vms/102 is missing (backup: it
 * makes archives)`.
 */
export function missingLines(missing: readonly NeededPrivilege[]): string[] {
  const lines = new Map<string, NeededPrivilege[]>();
  for (const entry of missing) {
    const key = `${entry.privilege}\u0000${entry.reason}`;
    lines.set(key, [...(lines.get(key) ?? []), entry]);
  }
  return [...lines.values()].flatMap((entries) => {
    const [first] = entries;
    if (first === undefined) return [];
    const paths = entries.map(({ path }) => path).join(", ");
    return [`${first.privilege} on ${paths} is missing (${first.features.join(", ")}: it ${first.reason})`];
  });
}

function pathsOf(rule: PrivilegeRule, scope: PrivilegeScope): string[] {
  switch (rule.place) {
    case "cluster":
      return ["/"];
    case "guests":
      return guestPaths(scope.vmids);
    case "made guests":
      return guestPaths(scope.vmids.filter((vmid) => scope.adopted?.includes(vmid) !== true));
    case "machines":
      return guestPaths(scope.machines);
    case "seeded machines":
      return guestPaths(scope.seeded);
    case "commanded machines":
      return guestPaths(scope.commanded);
    case "storage list":
      return scope.declaresStorage ? ["/storage"] : [];
    case "storages":
      return storagePaths([...scope.storages, ...scope.backupStorages]);
    case "backup storages":
      return storagePaths(scope.backupStorages);
    case "networks":
      return [localNetwork];
    case "pools":
      return scope.pools.map((pool) => `/pool/${pool}`);
    case "token groups":
      return groupPaths(scope.tokenGroups);
  }
}

/** Who may change a group's users may change no others, and may put none into it. */
function groupPaths(groups: readonly string[] = []): string[] {
  return groups.map((group) => `/access/groups/${group}`);
}

function guestPaths(vmids: readonly number[] = []): string[] {
  return vmids.map((vmid) => `/vms/${String(vmid)}`);
}

function storagePaths(storages: readonly string[]): string[] {
  return [...new Set(storages)].map((storage) => `/storage/${storage}`);
}

/** A role at a path. */
export interface RoleGrant {
  readonly role: string;
  readonly privileges: readonly string[];
  readonly path: string;
  /** Whether it also holds below the path. */
  readonly propagate: boolean;
}

/**
 * The fewest roles that give a token what it needs. `Sys.Modify` and the right to declare storages are kept to the path
 * itself: below it they would allow to change a node's network or somebody else's storage. Guests get theirs at
 * `/vms`, because a restore may need an id that is free today, and one role, because a guest of the other kind may be
 * declared tomorrow.
 */
export function roleGrants(
  scope: Pick<PrivilegeScope, "backupStorages" | "declaresStorage" | "pools" | "commanded" | "tokenGroups">,
): RoleGrant[] {
  const guests = guestPlaces.flatMap(privilegesOf);
  const storages = privilegesOf("storages");
  const backups = [...storages, ...privilegesOf("backup storages")];
  return [
    { role: "LifeboatSite", privileges: ["Sys.Audit"], path: "/", propagate: true },
    { role: "LifeboatJobs", privileges: ["Sys.Modify"], path: "/", propagate: false },
    { role: "LifeboatGuests", privileges: guests, path: "/vms", propagate: true },
    ...guestPaths(scope.commanded).map((path) => ({
      role: "LifeboatCommands",
      privileges: [...guests, ...privilegesOf("commanded machines")],
      path,
      propagate: true,
    })),
    { role: "LifeboatStorages", privileges: storages, path: "/storage", propagate: true },
    ...(scope.declaresStorage
      ? [{ role: "LifeboatBackups", privileges: backups, path: "/storage", propagate: false }]
      : []),
    ...storagePaths(scope.backupStorages).map((path) => ({
      role: "LifeboatBackups",
      privileges: backups,
      path,
      propagate: true,
    })),
    { role: "LifeboatNetworks", privileges: privilegesOf("networks"), path: localNetwork, propagate: true },
    ...scope.pools.map((pool) => ({
      role: "LifeboatPools",
      privileges: privilegesOf("pools"),
      path: `/pool/${pool}`,
      propagate: true,
    })),
    ...groupPaths(scope.tokenGroups).map((path) => ({
      role: "LifeboatTokens",
      privileges: privilegesOf("token groups"),
      path,
      propagate: true,
    })),
  ];
}

function privilegesOf(place: Place): string[] {
  return privilegeRules.filter((rule) => rule.place === place).map((rule) => rule.privilege);
}

/**
 * The one role of a token that can only look, for previews: it sees whatever is needed anywhere, everywhere. Storages it
 * sees by `Datastore.Audit`, since it may not use their space; it sees no archives, because who may see those may also make
 * some.
 */
export function lookingGrants(): RoleGrant[] {
  const privileges = ["Datastore.Audit", "Pool.Audit", "Sys.Audit", "VM.Audit"];
  return [{ role: "LifeboatPreview", privileges, path: "/", propagate: true }];
}
