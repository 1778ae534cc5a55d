import * as z from "zod";
import { otherNumber } from "../status/shape";
import { bytes, exitCode, isoMoment, milliseconds, moment, seconds } from "../../terminal/shapes";

const unseen = z.string().nullable().describe("why nobody could look; then what only a look tells is null");

const optOut = z
  .strictObject({ reason: z.string(), owner: z.string(), until: z.string().describe("last day, as 2026-11-20") })
  .nullable();

const job = z.strictObject({
  id: z.string(),
  storage: z.string(),
  schedule: z.string(),
  mode: z.string(),
  compress: z.string(),
  keep: z.string().describe("retention in Proxmox's words: `keep-daily=7,keep-weekly=4`"),
  enabled: z.boolean(),
  found: z
    .strictObject({
      exists: z.boolean(),
      enabled: z.boolean().nullable(),
      schedule: z.string().nullable(),
      storage: z.string().nullable(),
      keep: z.string().nullable().describe("null: it has none of its own"),
    })
    .nullable()
    .describe("the job as its node has it; null: not known"),
  nextRun: moment("when it runs next").nullable(),
  lastRuns: z
    .array(
      z.strictObject({
        node: z.string(),
        started: moment("when it began"),
        result: z.string(),
        succeeded: z.boolean(),
      }),
    )
    .nullable()
    .describe("newest run on each node; null: not known"),
});

const storage = z.strictObject({
  storage: z.string(),
  node: z.string(),
  shared: z.boolean().nullable(),
  declared: z.boolean().describe("it is the one that the settings name for backups"),
  active: z.boolean().nullable(),
  used: bytes("used").nullable(),
  total: bytes("in all").nullable(),
  archives: z.number().nullable().describe("archives that could be seen on it"),
});

const disk = z.strictObject({
  key: z.string().describe("Proxmox's key: `rootfs`, `mp0`, `scsi0`"),
  place: z.string().nullable().describe("where the guest has it; null: a machine's disk, or not known"),
  storage: z.string().nullable().describe("null: a folder of the node"),
  size: bytes("declared").nullable(),
  declared: z.boolean().describe("the settings name it"),
  backedUp: z.boolean().nullable().describe("as the job's own list has it; null: not known"),
  why: z.string().nullable().describe("why it is left out, or what protects it instead"),
});

const guest = z.strictObject({
  name: z.string(),
  id: z.number(),
  kind: z.enum(["container", "virtual-machine", "adopted"]),
  node: z.string(),
  state: z.string().describe("`running`, `stopped`, `missing`; `unknown` where nobody could look"),
  rpoSeconds: seconds("how old its newest backup may be"),
  rtoSeconds: seconds("how long its restore may take").nullable(),
  optOut: optOut.describe("left out of backups on purpose"),
  disks: z.array(disk),
  newest: z
    .strictObject({
      archive: z.string(),
      storage: z.string(),
      time: moment("when it began"),
      ageSeconds: seconds("how old it is"),
      size: bytes("of the archive"),
      verified: moment("when it was last read as a whole").nullable(),
    })
    .nullable()
    .describe("null: there is none, or it is not known, as `allSeen` says"),
  otherNumber,
  allSeen: z.boolean().describe("all its archives could be seen"),
  backups: z.number().nullable(),
  savePoints: z.number().nullable(),
  proof: z
    .strictObject({
      result: z.enum(["proven", "failed", "never", "unknown"]),
      time: moment("when a drill tried its backup").nullable(),
    })
    .nullable()
    .describe("null: the settings have no drill, or the guest is left out"),
  snapshots: z
    .strictObject({ schedule: z.string(), keep: z.number(), count: z.number().nullable() })
    .nullable()
    .describe("null: the settings want none. They lie on the guest's own storage and are no backups"),
});

const data = z.strictObject({
  guest: z.string(),
  source: z.string(),
  kind: z.enum(["postgres", "mariadb", "files", "command"]),
  at: z.string().describe("when a dump is made"),
  enabled: z.boolean(),
  folder: z.string().describe("in the guest"),
  keep: z.strictObject({ daily: z.number(), weekly: z.number(), monthly: z.number() }),
  encrypted: z.boolean().describe("the settings encrypt it"),
  pointInTime: z.string().nullable().describe("where its WAL goes; null: there are dumps alone"),
  unseen,
  dumps: z.number().nullable(),
  newest: z
    .strictObject({ dump: z.string(), time: moment("when it was made"), bytes: bytes("as it lies there") })
    .nullable(),
});

const offsite = z.strictObject({
  place: z.string(),
  retentionSeconds: seconds("how long nobody can remove what was written"),
  expireSeconds: seconds("when copies of dumps are removed"),
  unseen,
  copies: z
    .array(
      z.strictObject({
        guest: z.string(),
        source: z.string(),
        count: z.number(),
        newest: z.strictObject({ dump: z.string(), time: moment("from its name"), bytes: z.number() }).nullable(),
        doubts: z.array(z.string()).describe("what somebody has done to copies since they were written"),
      }),
    )
    .nullable(),
});

const state = z.strictObject({
  lives: z.enum(["store", "fallback", "local", "elsewhere"]).nullable().describe("null: where only Pulumi reads it"),
  place: z.string().nullable(),
  modified: milliseconds("when it was written").nullable(),
  unseen,
  damage: z.string().nullable(),
  copies: z.array(
    z.strictObject({
      kind: z.enum(["folder", "offsite"]),
      place: z.string(),
      time: milliseconds("when it was made").nullable(),
      isOlder: z.boolean().nullable().describe("the state has changed since; null: not known"),
      unseen,
    }),
  ),
});

const environment = z.strictObject({
  name: z.string(),
  profile: z.enum(["prod", "lab", "monitoring"]),
  endpoint: z.string(),
  nodes: z.array(z.string()),
  timeZone: z.string().nullable(),
  unseen: unseen.describe("why its nodes could not be asked; then what only they know is null or `unknown`"),
  job,
  storages: z.array(storage),
  guests: z.array(guest),
  notCovered: z
    .array(z.strictObject({ id: z.number(), name: z.string(), type: z.string() }))
    .nullable()
    .describe("guests of the nodes that no settings name and no job backs up; null: not known"),
  data: z.array(data),
  offsite: offsite.nullable().describe("null: the settings have no copies elsewhere"),
  state,
});

/** `lifeboat inventory --json` */
export const inventoryShape = z.strictObject({
  ok: z.boolean(),
  exitCode,
  project: z.string(),
  madeAt: isoMoment("when it was looked at"),
  unknown: z.array(z.string()).describe("what could not be looked at, one sentence each"),
  environments: z.array(environment),
  unusable: z.array(z.strictObject({ name: z.string(), message: z.string() })).describe("settings that are wrong"),
});
