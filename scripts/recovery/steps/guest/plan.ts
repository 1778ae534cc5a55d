import * as z from "zod";

export const addressSchema = z.object({ node: z.string(), type: z.enum(["lxc", "qemu"]), vmid: z.number() });

export const checkSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("running") }),
  z.object({ kind: z.literal("agent") }),
  z.object({ kind: z.literal("ping") }),
  z.object({ kind: z.literal("ssh") }),
  z.object({ kind: z.literal("tcp"), port: z.number() }),
  z.object({
    kind: z.literal("agent-exec"),
    command: z.union([z.string(), z.array(z.string()).readonly()]),
    exit: z.number(),
    output: z.string().exactOptional(),
  }),
  z.object({ kind: z.literal("http"), port: z.number(), path: z.string(), status: z.number() }),
  z.object({ kind: z.literal("command"), command: z.string(), exit: z.number(), output: z.string().exactOptional() }),
]);

export const membershipSchema = z.object({
  job: z.string(),
  disks: z.record(z.string(), z.boolean()),
  /** It is the job of the settings, which Pulumi writes. */
  declared: z.boolean().exactOptional(),
});

/** The guest that is overwritten. */
export const presentSchema = z.object({
  running: z.boolean(),
  /** UPIDs of its newest tasks when it was looked at: others came after. Absent in older journals. */
  tasks: z.array(z.string()).exactOptional(),
});

/** What a save point is made with; the backup job's own options. */
export const savePointSchema = z.object({
  storage: z.string(),
  mode: z.string(),
  compress: z.string(),
  /**
   * How pruning is kept out: `keep-all` needs `Datastore.Allocate` on the storage; without it `no-removal`, which a
   * storage with a retention of its own refuses once its limit is reached.
   */
  prune: z.enum(["keep-all", "no-removal"]),
  /** Storage and size (bytes) of each of the present guest's volumes, for its notes. */
  volumes: z.record(z.string(), z.object({ storage: z.string(), size: z.number() })),
});

/**
 * A restore of one guest, as the journal keeps it: everything that the steps need, so that another process can go on
 * with it. No secrets.
 */
export const restorePlanSchema = z.object({
  /** `in-place`: over the guest or where it was; `beside`: to another id, and the original is left alone. */
  mode: z.enum(["in-place", "beside"]),
  environment: z.string(),
  guest: z.string(),
  /** The settings do not have the guest any more: its archives told of it. */
  left: z.literal(true).exactOptional(),
  /** The guest in the settings. */
  source: z.object({ node: z.string(), vmid: z.number() }),
  /** What is made. */
  target: addressSchema,
  /** Node of the settings, where an in-place restore puts the guest on another one. */
  declaredNode: z.string().exactOptional(),
  archive: z.object({
    volid: z.string(),
    /** Bytes. */
    size: z.number(),
    /** Unix seconds. */
    time: z.number(),
    /** It is not protected yet: the restore protects it, and releases it after success. */
    protect: z.boolean(),
    /** The next older one that could be restored instead. */
    older: z.string().exactOptional(),
    /** How it is read to its end before anything is touched, or why it is not. */
    reading: z
      .discriminatedUnion("kind", [
        z.object({ kind: z.literal("ssh"), host: z.string(), path: z.string() }),
        z.object({ kind: z.literal("none"), why: z.string() }),
      ])
      .exactOptional(),
  }),
  /** Archives that an earlier, unproven restore protected; released after success. */
  releaseAlso: z.array(z.string()),
  /** The guest in the way of an in-place restore; absent when it is lost. */
  present: presentSchema.exactOptional(),
  savePoint: savePointSchema.exactOptional(),
  /** Parameters of the restore request. */
  request: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Storages that get new disks, where the request does not name them: those of a virtual machine. */
  madeOn: z.array(z.string()).exactOptional(),
  /** Disks of a virtual machine that the restore takes off it, and that are put back: volume and line. */
  putBack: z.array(z.object({ key: z.string(), volume: z.string(), drive: z.string() })).exactOptional(),
  /** Every volume that a virtual machine has by its configuration, where it is restored in place; of a lost one none. */
  had: z.array(z.string()).exactOptional(),
  /** Drives of cloud-init that the restore of a virtual machine makes anew, under names that nothing else may have. */
  seeds: z.array(z.object({ key: z.string(), storage: z.string() })).exactOptional(),
  /** The archive has bind mounts, which only root@pam may restore. */
  asRoot: z.boolean(),
  /** The machine runs while its disks still come: a restore that breaks off leaves it stopped and incomplete. */
  live: z.literal(true).exactOptional(),
  /** Why the request needs `Sys.Modify` on `/`, as it reads after "it"; absent where it does not. */
  nodeRight: z.string().exactOptional(),
  /**
   * Options of the archive that are the original's and that a copy must not have: taken out before it is started; a copy
   * from which they cannot be taken is not started.
   */
  originals: z.array(z.string()).exactOptional(),
  /** The guest is started afterwards. */
  start: z.boolean(),
  checks: z.array(checkSchema),
  /** How long the restore may take, in seconds; absent: it is not judged. */
  rto: z.number().exactOptional(),
  /** Address for the checks; absent where it is not known beforehand (DHCP). */
  host: z.string().exactOptional(),
  memberships: z.object({
    /** Jobs and disks that are expected afterwards. */
    jobs: z.array(membershipSchema),
    pool: z.string().exactOptional(),
    /** The settings say so, and Pulumi puts the guest there. */
    poolIsDeclared: z.boolean().exactOptional(),
    /** Id of the resource: `ct:101`. */
    highAvailability: z.string().exactOptional(),
    /** State and group that high availability kept it in, as `ha-manager` takes them. */
    highAvailabilityOptions: z.string().exactOptional(),
    /** The firewall that the guest had, one line for each option, rule, alias and address. */
    firewall: z.array(z.string()).exactOptional(),
    /** Jobs that replicated it: `101-0`, and the node that got the copy. */
    replication: z.array(z.object({ id: z.string(), target: z.string() })).exactOptional(),
  }),
  /** Compare with Pulumi at the end: only a guest that Pulumi owns, restored in place. */
  compare: z.boolean(),
  /** The operation that this restore undoes, and its save point's name for people. */
  undoes: z.object({ operation: z.string().exactOptional(), savePoint: z.string() }).exactOptional(),
});

export type RestorePlan = z.infer<typeof restorePlanSchema>;
