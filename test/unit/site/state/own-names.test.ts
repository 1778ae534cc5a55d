import { programKinds } from "../../../../site/program-types";
import { checkpointOf, parseCheckpoint } from "../../../../site/state/checkpoint";
import { foreignParts } from "../../../../site/state/foreign-parts";
import { goesWithUrn, ownNames } from "../../../../site/state/own-names";
import { recoveryBucket, recoveryIdentity } from "../../../../site/state-store/recovery-names";
import { removalCommands } from "../../../../site/state-store/offsite-removal";
import { environmentOf, exampleContainer } from "../../../support/example-environment";
import { storeSettings } from "../../../support/example-store";

// The stack of an environment that makes a store, with a guest beside it and one that it has only adopted.
const { guests, ...others } = storeSettings();
const environment = environmentOf({
  ...others,
  guests: { ...guests, web: exampleContainer(), legacy: { adopt: 140 } },
});
const names = ownNames(environment);
const place = { project: "shop", stack: "prod" };
const own = "urn:pulumi:prod::shop::";
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:a:b" };

type Resource = Readonly<Record<string, unknown>>;

function resource(types: string, name: string, held: Resource = {}, more: Resource = {}): Resource {
  const type = types.split("$").at(-1);
  return { urn: `${own}${types}::${name}`, type, custom: true, inputs: held, outputs: held, ...more };
}

const types = {
  container: "lifeboat:guests:Container$proxmoxve:index/containerLegacy:ContainerLegacy",
  machine: "lifeboat:guests:VirtualMachine$proxmoxve:index/vmLegacy:VmLegacy",
  dir: "lifeboat:backups:BackupStorage$proxmoxve:storage/directory:Directory",
  nfs: "lifeboat:backups:BackupStorage$proxmoxve:storage/nfs:Nfs",
  job: "lifeboat:backups:BackupJob$proxmoxve:backup/job:Job",
  rules: "lifeboat:stateStore:StateStore$proxmoxve:firewall/rulesLegacy:RulesLegacy",
  firewall: "lifeboat:stateStore:StateStore$proxmoxve:firewall/optionsLegacy:OptionsLegacy",
  server: "lifeboat:stateStore:StateStore$command:remote:Command",
  timer: "lifeboat:stateStore:OffsiteTimer$command:remote:Command",
  bucket: "lifeboat:stateStore:StateBucket$minio:index/s3Bucket:S3Bucket",
  recovery: "lifeboat:stateStore:RecoveryBucket$minio:index/s3Bucket:S3Bucket",
  versioning: "lifeboat:stateStore:StateBucket$minio:index/s3BucketVersioning:S3BucketVersioning",
  user: "lifeboat:stateStore:StoreIdentity$minio:index/iamUser:IamUser",
  attachment: "lifeboat:stateStore:StoreIdentity$minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment",
} as const;

const container = (name: string, id: string, more: Resource = {}) =>
  resource(types.container, `${name}-container`, { vmId: Number(id) }, { id, ...more });
const storage = (id: string, more: Resource = {}) =>
  resource(types.dir, "backup-storage", { resourceId: id }, { id, ...more });
const job = (id: string, more: Resource = {}) => resource(types.job, "backup-job", { resourceId: id }, { id, ...more });
const firewall = (held: Resource, more: Resource = {}) =>
  resource(types.firewall, "state-store-firewall", held, { id: "options", retainOnDelete: true, ...more });
const timer = (more: Resource = {}) =>
  resource(types.timer, "state-store-offsite", { delete: removalCommands.others, connection: secret }, more);
const kept = { retainOnDelete: true };
const bucket = (name: string, id: string, more: Resource = kept) =>
  resource(types.bucket, `${name}-bucket`, { bucket: id }, { id, ...more });
const versioning = (name: string, id: string, more: Resource = kept) =>
  resource(types.versioning, `${name}-versioning`, { bucket: id }, { id, ...more });
const user = (name: string, id: string, more: Resource = kept) =>
  resource(types.user, `${name}-user`, { name: id }, { id, ...more });
const attachment = (name: string, userName: string, policyName: string) =>
  resource(types.attachment, `${name}-attachment`, { userName, policyName }, { id: `${userName}-2026`, ...kept });

const waiting = { delete: true };
const wal = recoveryBucket("prod/db");

function stateOf(resources: readonly Resource[]) {
  return parseCheckpoint(
    checkpointOf(JSON.stringify({ version: 3, deployment: { resources } }), "organization/shop/prod"),
  );
}

function why(...resources: readonly Resource[]): string[] {
  const addresses = { proxmox: environment.proxmox.endpoint, store: "192.0.2.132:9000", names };
  return foreignParts(stateOf(resources), place, addresses, undefined).map((part) => part.why);
}

test("what has the names of the settings is the stack's own [N2]", () => {
  const resources = [
    container("web", "101"),
    container("store", "302"),
    storage("backup"),
    job("lifeboat-prod"),
    firewall({ containerId: 302, nodeName: "pve-mon" }),
    resource(types.rules, "state-store-rules", { containerId: 302 }, { id: "rules" }),
    resource(types.server, "state-store-server", { connection: secret }),
    timer(),
    bucket("state-lab", "lifeboat-state-lab"),
    versioning("state-lab", "lifeboat-state-lab", {}),
    user("state-lab", "lifeboat-lab"),
    user("state-lab-reader", "lifeboat-lab-reader"),
    user("states-copier", "lifeboat@copier"),
    attachment("state-lab", "lifeboat-lab", "lifeboat-lab"),
    resource(types.recovery, "recovery-prod/db-bucket", { bucket: wal }, { id: wal, ...kept }),
    user("recovery-prod/db", recoveryIdentity("prod/db")),
  ];
  expect(why(...resources)).toEqual([]);
});

test.each<[string, Resource]>([
  ["a guest that the settings have no more: it says itself whose it is", container("old", "177", waiting)],
  ["a guest that is being made", resource(types.container, "web-container", { vmId: 101 }, { outputs: undefined })],
  ["a server that is installed anew", resource(types.server, "state-store-server", { connection: secret }, waiting)],
  ["a key that has taken the place of a stolen one", user("state-lab", "lifeboat-lab@20260101T000000")],
  ["the former one, which stays until it is removed", user("state-lab", "lifeboat-lab", { ...kept, ...waiting })],
  ["an attachment with such names", attachment("state-lab", "lifeboat-lab@1", "lifeboat-lab@1")],
])("%s is the stack's own [N2]", (_, one) => {
  expect(why(one)).toEqual([]);
});

test.each<[string, Resource, string]>([
  ["a guest of the settings that waits to be deleted", container("web", "101", waiting), "waits to be deleted"],
  ["another guest's id", container("old", "101"), "its id is 101, which the settings have for guest web"],
  ["another guest's id under a name that is declared", container("web", "302"), "settings have for guest store"],
  [
    "a guest that is only adopted",
    container("legacy", "140"),
    "the settings only adopt guest legacy: pulumi state delete lets go",
  ],
  ["a guest as another kind", resource(types.machine, "web-machine", { vmId: 101 }, { id: "101" }), "for guest web"],
  ["two ids", container("old", "177", { outputs: { vmId: 101 } }), "more than one guest: 177, 101"],
  ["an id that the provider reads as another", container("web", "0101", waiting), "no id of a guest: 0101"],
  ["one with a sign", container("web", "+101", { ...waiting, inputs: {}, outputs: {} }), "no id of a guest: +101"],
  ["an id that nobody can read", container("old", "177", { inputs: { vmId: secret } }), "something that is no name"],
  ["a storage that the settings do not have", storage("local"), "it names storage local, and the settings have backup"],
  ["two storages", storage("backup", { outputs: { resourceId: "local" } }), "names storage backup, local"],
  ["the storage that waits to be deleted", storage("backup", waiting), "waits to be deleted"],
  ["the storage as another kind", resource(types.nfs, "backup-storage", {}, { id: "backup" }), "have none here"],
  ["the storage under another URN", resource(types.dir, "x-storage", {}, { id: "backup" }), "have none here"],
  [
    "a job of another environment",
    job("lifeboat-lab"),
    "names backup job lifeboat-lab, and the settings have lifeboat-prod",
  ],
  ["the job that waits to be deleted", job("lifeboat-prod", waiting), "waits to be deleted"],
  ["the job under another URN", resource(types.job, "x-job", {}, { id: "lifeboat-prod" }), "have none here"],
  [
    "the firewall of another guest",
    firewall({ containerId: 101 }),
    "not the firewall of the state store's guest, but of 101",
  ],
  ["the firewall of a machine", firewall({ containerId: 302, vmId: 101 }), "but of something else"],
  ["the firewall of the node", firewall({ nodeName: "pve-mon" }), "but of something else"],
  ["the firewall of the node in what was read", firewall({ containerId: 302 }, { outputs: {} }), "not the firewall"],
  [
    "a firewall under another URN",
    resource(types.rules, "x-rules", { containerId: 302 }),
    "makes nothing of this name",
  ],
  [
    "a firewall that would go",
    firewall({ containerId: 302 }, { ...waiting, retainOnDelete: false }),
    "the program keeps",
  ],
  ["the timer that waits to be deleted", timer(waiting), "would remove what the program has made"],
  [
    "the timer under another URN",
    resource(types.timer, "x-offsite", { connection: secret }),
    "no command of this name",
  ],
  ["the timer as another component's", resource(types.server, "state-store-offsite", {}), "no command of this name"],
  ["another environment's bucket", bucket("state-prod", "lifeboat-state-lab"), "names bucket lifeboat-state-lab"],
  ["another guest's WAL", bucket("recovery-prod/web", wal), `it names bucket ${wal}`],
  ["another guest's key to its WAL", user("recovery-prod/web", recoveryIdentity("prod/db")), "it is of identity"],
  ["a bucket of no environment", bucket("x", "lifeboat-state-lab"), "and the settings have none here"],
  ["a bucket that would go", bucket("state-lab", "lifeboat-state-lab", waiting), "the program keeps"],
  ["versions that would be kept no more", versioning("state-lab", "lifeboat-state-lab", waiting), "the program keeps"],
  ["versions of another bucket", versioning("state-prod", "lifeboat-state-lab"), "names bucket lifeboat-state-lab"],
  [
    "another environment's user",
    user("state-prod", "lifeboat-lab"),
    "it is of identity lifeboat-lab, and the program makes",
  ],
  ["the user of a name that only begins alike", user("state-lab", "lifeboat-lab-reader"), "it is of identity"],
  ["a user of no environment", user("x", "lifeboat-lab"), "the program makes none here"],
  ["a user that would go", user("state-lab", "lifeboat-lab", waiting), "the program keeps"],
  ["a policy of somebody else", attachment("state-lab", "lifeboat-lab", "consoleAdmin"), "lifeboat-lab, consoleAdmin"],
])("%s is refused, and named [N2]", (_, forged, told) => {
  expect(why(forged)).toEqual([expect.stringContaining(told)]);
});

/** What they make is only written over, and nothing is removed when they go. */
const withoutDeletion = /\$command:(?:local:Command|remote:CopyToRemote)$/u;

const ownKinds = [...programKinds].filter(([kind, is]) => is === "resource" && !withoutDeletion.test(kind));

test.each(ownKinds)("whatever the program makes is told by its name from somebody else's: %s [N2]", (kind) => {
  expect(why(resource(kind, "evil", {}, { id: "evil", ...kept }))).toHaveLength(1);
});

test("of two under one URN nobody knows which is meant, unless one waits for its successor [N2]", () => {
  expect(why(container("old", "177"), container("old", "178"))).toEqual(["it is there twice"]);
  expect(why(container("old", "177"), container("old", "178", waiting))).toEqual([]);
});

test("what the program keeps goes with its URN where the state says so: not while a run leaves it out [N2]", () => {
  const resources = [user("state-lab", "lifeboat-lab", {}), user("state-lab", "lifeboat-lab"), container("web", "101")];
  expect(stateOf(resources).resources.map(goesWithUrn)).toEqual([true, false, false]);
});
