import * as z from "zod";
import { bytes, moment, seconds } from "../../terminal/shapes";

const item = z.strictObject({
  type: z.string().describe("`database`, `roles`, `path`, `volume` or `output`"),
  name: z.string(),
  plainBytes: bytes("what was dumped, before compression"),
  counts: z.record(z.string(), z.number()).describe("what was counted when it was proven"),
});

export const dumpShape = z.strictObject({
  dump: z.string().describe("its name, as `--dump` takes it"),
  time: moment("when it was made"),
  ageSeconds: seconds("how old it is, by the guest's clock"),
  bytes: bytes("as it lies there"),
  encrypted: z.boolean(),
  items: z.array(item),
});

export const pointInTimeShape = z.strictObject({
  unseen: z.string().nullable().describe("why nothing is known of its archive; then all that follows is null"),
  fullBackup: moment("when the newest full backup was whole").nullable(),
  backups: z.number().nullable().describe("of every type, that lead to the cluster as it is"),
  earliest: moment("to which it can go back").nullable(),
  latest: moment(
    "until which the archive reaches; what is written since then is archived when a recovery begins",
  ).nullable(),
  failures: z.number().nullable().describe("attempts of PostgreSQL to archive that failed since its statistics begin"),
  waitingSeconds: seconds("for which finished WAL has been waiting for its archive").nullable(),
  problem: z.string().nullable().describe("what is wrong with it; null: nothing"),
});

export const sourceShape = z.strictObject({
  environment: z.string(),
  guest: z.string(),
  source: z.string(),
  kind: z.enum(["postgres", "mariadb", "files", "command"]),
  at: z.string().describe("when a dump is made"),
  enabled: z.boolean(),
  unseen: z.string().nullable().describe("why nothing is known of it; then all that follows is null or empty"),
  lastRun: z
    .strictObject({
      result: z.enum(["success", "error", "running", "never", "killed"]),
      started: moment("when it began").nullable(),
      seconds: seconds("how long it took").nullable(),
      message: z.string().describe("its line in the log"),
    })
    .nullable(),
  problem: z.string().nullable().describe("what is wrong with it; null: nothing"),
  pointInTime: pointInTimeShape.nullable().describe("recovery to a point in time; null: it has none"),
  drill: z
    .strictObject({
      proven: z.boolean(),
      dump: z.string().describe("the dump that it tried"),
      time: moment("when it was held, by the guest's clock"),
      ageSeconds: seconds("how long ago"),
      why: z.string().describe("why it is not proven; empty: it is"),
    })
    .nullable()
    .describe("what the last `lifeboat drill data` of any machine has found; null: there was none"),
  dumps: z.array(dumpShape).describe("whole ones, newest first"),
  savePoints: z
    .array(z.strictObject({ operation: z.string(), dump: z.string(), time: moment("when it was made") }))
    .describe("what restores have replaced, as `--save-point` takes it"),
});

const { environment, guest, source, kind, at, enabled } = sourceShape.shape;

export const copiedSourceShape = z.strictObject({
  environment,
  guest,
  source,
  kind,
  at,
  enabled,
  bucket: z.string().nullable().describe("where the copies lie; null: the settings have no `lifeboat:offsite`"),
  unseen: z.string().nullable().describe("why nobody could look; then all that follows is empty"),
  problem: z.string().nullable().describe("what is wrong with the copies; null: nothing"),
  dumps: z
    .array(dumpShape)
    .describe("those that can be restored, newest first; their age is by the clock of this machine"),
  damaged: z.array(z.strictObject({ dump: z.string(), why: z.string() })).describe("those from which nothing can be"),
  doubts: z.array(z.string()).describe("what somebody has done to copies since they were written"),
});

/** `lifeboat data --from offsite --json` */
export const copiesShape = z.strictObject({ copies: z.array(copiedSourceShape) });

/** `lifeboat data --json` */
export const dataShape = z.strictObject({ sources: z.array(sourceShape) });
