import type { NeededPrivilege, RoleGrant } from "./privileges";

/**
 * Who `lifeboat exporter` is at Proxmox: an API user without a password, in a group that has nobody else in it. Root makes both,
 * with the user's rights (`lifeboat doctor --print-setup`); the stacks make nothing but tokens of that user, because who may grant
 * rights may grant them to himself.
 */
export const exporterUser = "lifeboat-exporter@pve";

/** The operator's token may change the users of this group, and no others. */
export const exporterGroup = "lifeboat-exporter";

/** What `lifeboat exporter` looks at. */
export interface ExporterScope {
  readonly vmids: readonly number[];
  readonly backupStorages: readonly string[];
}

interface Rule {
  readonly privilege: string;
  readonly place: "cluster" | "guests" | "backup storages";
  /** What it is needed for, as it reads after "it". */
  readonly reason: string;
}

/**
 * The least that shows every archive with its size. Proxmox shows an archive to those only who might also make or delete it
 * (`VM.Backup` on its guest and `Datastore.AllocateSpace` on its storage): there is no privilege that only reads them. A restore
 * needs more than these: `VM.Allocate`, or `SDN.Use` for a guest with a network card.
 */
const rules: readonly Rule[] = [
  { place: "cluster", privilege: "Sys.Audit", reason: "reads backup jobs, the nodes' tasks and their clocks" },
  { place: "guests", privilege: "VM.Audit", reason: "sees guests, also those that nothing backs up" },
  { place: "guests", privilege: "VM.Backup", reason: "sees archives" },
  {
    place: "backup storages",
    privilege: "Datastore.AllocateSpace",
    reason: "sees archives, and how full the storage is",
  },
];

/** Every privilege with the path at which the exporter needs it. */
export function exporterNeeds({ vmids, backupStorages }: ExporterScope): NeededPrivilege[] {
  const paths = {
    cluster: ["/"],
    guests: vmids.map((vmid) => `/vms/${String(vmid)}`),
    "backup storages": storagePaths(backupStorages),
  };
  return rules.flatMap(({ place, privilege, reason }) =>
    paths[place].map((path) => ({ privilege, path, features: ["look"] as const, reason })),
  );
}

/**
 * The roles of the exporter's token. Guests get theirs at `/vms`: a guest that nobody backs up shall be seen, and its id is not
 * known beforehand.
 */
export function exporterGrants({ backupStorages }: Pick<ExporterScope, "backupStorages">): RoleGrant[] {
  return [
    { role: "LifeboatExporterSite", privileges: privilegesOf("cluster"), path: "/", propagate: true },
    { role: "LifeboatExporterGuests", privileges: privilegesOf("guests"), path: "/vms", propagate: true },
    ...storagePaths(backupStorages).map((path) => ({
      role: "LifeboatExporterStorages",
      privileges: privilegesOf("backup storages"),
      path,
      propagate: true,
    })),
  ];
}

function privilegesOf(place: Rule["place"]): string[] {
  return rules.filter((rule) => rule.place === place).map(({ privilege }) => privilege);
}

function storagePaths(storages: readonly string[]): string[] {
  return [...new Set(storages)].map((storage) => `/storage/${storage}`);
}
