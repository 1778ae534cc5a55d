/**
 * The privileges and built-in roles of Proxmox VE 9.2, written out as rules (PVE::AccessControl): the groups of
 * privileges by subject and rank, and the roles made of them.
 */

interface Subject {
  /** May change everything, root included. */
  root: readonly string[];
  admin: readonly string[];
  user: readonly string[];
  audit: readonly string[];
}

const VM: Subject = {
  root: [],
  admin: [
    "VM.Config.Disk",
    "VM.Config.CPU",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.HWType",
    "VM.Config.Options",
    "VM.Allocate",
    "VM.Clone",
    "VM.Migrate",
    "VM.Replicate",
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
    "VM.GuestAgent.Unrestricted",
  ],
  user: [
    "VM.Config.CDROM",
    "VM.Config.Cloudinit",
    "VM.Console",
    "VM.Backup",
    "VM.PowerMgmt",
    "VM.GuestAgent.FileRead",
    "VM.GuestAgent.FileWrite",
    "VM.GuestAgent.FileSystemMgmt",
  ],
  audit: ["VM.Audit", "VM.GuestAgent.Audit"],
};

const NODE: Subject = {
  root: ["Sys.PowerMgmt", "Sys.Modify", "Sys.Incoming", "Sys.AccessNetwork"],
  admin: ["Sys.Console", "Sys.Syslog"],
  user: [],
  audit: ["Sys.Audit"],
};

const DATASTORE: Subject = {
  root: [],
  admin: ["Datastore.Allocate", "Datastore.AllocateTemplate"],
  user: ["Datastore.AllocateSpace"],
  audit: ["Datastore.Audit"],
};

const SDN: Subject = { root: [], admin: ["SDN.Allocate"], user: ["SDN.Use"], audit: ["SDN.Audit"] };

const USER: Subject = {
  root: ["Realm.Allocate"],
  admin: ["User.Modify", "Group.Allocate", "Realm.AllocateUser"],
  user: [],
  audit: [],
};

const POOL: Subject = { root: [], admin: ["Pool.Allocate"], user: [], audit: ["Pool.Audit"] };

const MAPPING: Subject = { root: [], admin: ["Mapping.Modify"], user: ["Mapping.Use"], audit: ["Mapping.Audit"] };

const SUBJECTS = [VM, NODE, DATASTORE, SDN, USER, POOL, MAPPING];

/** Not in any subject: the right to hand on rights. */
const PERMISSIONS_MODIFY = "Permissions.Modify";

function of(subjects: readonly Subject[], ...ranks: readonly (keyof Subject)[]): string[] {
  return [...new Set(subjects.flatMap((subject) => ranks.flatMap((rank) => subject[rank])))].sort();
}

const WITHOUT_ROOT = ["admin", "user", "audit"] as const;

/** All privileges there are, sorted. */
export const PRIVILEGES: readonly string[] = [...of(SUBJECTS, "root", ...WITHOUT_ROOT), PERMISSIONS_MODIFY].sort();

/** The built-in roles; they can be neither changed nor deleted. */
export const BUILT_IN_ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ["Administrator", PRIVILEGES],
  ["NoAccess", []],
  ["PVEAdmin", of(SUBJECTS, ...WITHOUT_ROOT).filter((privilege) => privilege !== "Mapping.Modify")],
  ["PVEAuditor", of(SUBJECTS, "audit")],
  ["PVEDatastoreAdmin", of([DATASTORE], ...WITHOUT_ROOT)],
  ["PVEDatastoreUser", of([DATASTORE], "user", "audit")],
  ["PVEMappingAdmin", of([MAPPING], ...WITHOUT_ROOT)],
  ["PVEMappingUser", of([MAPPING], "user", "audit")],
  ["PVEPoolAdmin", of([POOL], "admin", "audit")],
  ["PVEPoolUser", of([POOL], "audit")],
  ["PVESDNAdmin", of([SDN], ...WITHOUT_ROOT)],
  ["PVESDNUser", of([SDN], "user", "audit")],
  ["PVESysAdmin", of([NODE], "admin", "audit")],
  ["PVETemplateUser", ["VM.Audit", "VM.Clone"]],
  ["PVEUserAdmin", of([USER], "admin")],
  ["PVEVMAdmin", of([VM], ...WITHOUT_ROOT)],
  ["PVEVMUser", of([VM], "user", "audit")],
]);
