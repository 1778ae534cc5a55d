import { archiveChoice, optOutSchema, snapshotsSchema } from "./backup-schema";
import { checksSchema as checks } from "./checks-schema";
import { dataSchema } from "./data-schema";
import { objectivesSchema } from "./policy-schema";
import {
  at,
  choose,
  entries,
  isMapping,
  mapping,
  optional,
  refusing,
  text,
  type Finding,
  type Schema,
} from "./schema-tools";
import { dnsName, nodeName } from "./values/names";
import { containerSchema } from "./container-schema";
import { guestId, needs } from "./guest-values";
import { virtualMachineSchema } from "./virtual-machine-schema";

/** Disks of a guest that was made by hand go by Proxmox's own keys. */
const diskKey = text(
  "a disk's key",
  "a key of Proxmox such as mp1, scsi0 or virtio2",
  /^(?:mp|ide|sata|scsi|virtio|efidisk|tpmstate)\d{1,3}$/u,
);

const adoptedDisk = mapping({
  /** Why the disk is not backed up, who answers for it, and until when. */
  backup: optOutSchema,
});

const adoptedSchema = mapping(
  {
    /** Id of a guest that was made by hand. It is backed up and can be restored, and is never changed or deleted. */
    adopt: guestId,
    /** Node that it lives on. Default: the environment's. */
    node: optional(nodeName),
    /** Name that its archives carry. Default: its name here. */
    hostname: optional(dnsName),
    /** What proves after a restore that it is back. Default: that it runs. */
    checks,
    /** Guests of the environment that it cannot work without. `lifeboat drill` brings them up first, in the same network. */
    needs,
    /** What its backups and restores have to achieve. Default: the environment's. */
    objectives: optional(objectivesSchema),
    /** Disks that Proxmox leaves out of backups, by Proxmox's key such as `mp1`: each has to opt out here. */
    disks: optional(entries("disks", diskKey, adoptedDisk)),
    /** Only to opt out: the whole guest is not backed up. */
    backup: optional(optOutSchema),
    /** Snapshots on a schedule, without interrupting the guest. They lie with its disks and are no backups. Default: none. */
    snapshots: optional(snapshotsSchema),
    /**
     * Whether archives of the whole guest are copied to `lifeboat:offsite`: `newest`, each one of the schedule, or `weekly`, one in seven
     * days. Their node does it. Default: none.
     */
    offsite: optional(archiveChoice),
    /** Data inside it that are dumped by themselves, by names of your own: databases, files, the output of commands. Default: none. */
    data: dataSchema,
  },
  { id: "adopt names the id", kind: "Proxmox says what an adopted guest is" },
);

export type ContainerEntry = ReturnType<typeof containerSchema.parse>;
export type AdoptedEntry = ReturnType<typeof adoptedSchema.parse>;
export type VirtualMachineEntry = ReturnType<typeof virtualMachineSchema.parse>;
export type GuestEntry =
  | ({ readonly as: "container" } & ContainerEntry)
  | ({ readonly as: "virtual-machine" } & VirtualMachineEntry)
  | ({ readonly as: "adopted" } & AdoptedEntry);

/** A guest is adopted or made; only the keys of what it is are looked at. */
export const guestSchema: Schema<GuestEntry> = choose<GuestEntry>(
  [containerSchema, virtualMachineSchema, adoptedSchema],
  (raw) => {
    if (at(raw, "adopt") !== undefined) return adoptedSchema.transform((entry) => ({ as: "adopted", ...entry }));
    if (isMapping(raw) && (at(raw, "kind") === "container" || at(raw, "template") !== undefined)) {
      return containerSchema.transform((entry) => ({ as: "container", ...entry }));
    }
    if (at(raw, "kind") === "virtual-machine") {
      return virtualMachineSchema.transform((entry) => ({ as: "virtual-machine", ...entry }));
    }
    return refusing(guestWithoutKind);
  },
);

function guestWithoutKind(raw: unknown): Finding[] {
  if (!isMapping(raw))
    return [{ path: [], noun: "a guest", allowed: "{ kind: container, id: …, … } or { adopt: ID }" }];
  return [
    {
      path: ["kind"],
      noun: "a kind of guest",
      allowed: "container or virtual-machine; or adopt: ID for a guest made by hand",
    },
  ];
}
