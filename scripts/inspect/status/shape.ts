import * as z from "zod";
import { dumpShape, sourceShape } from "../data/shape";
import { bytes, exitCode, failureShape, isoMoment, milliseconds, moment, seconds } from "../../terminal/shapes";

const findings = z.array(
  z.strictObject({
    policy: z.enum(["coverage", "objectives", "hazards"]),
    path: z.array(z.string()).describe("key of the settings that it is about"),
    weight: z.enum(["broken", "note"]).describe("`broken` stops `pulumi up`"),
    guests: z.array(z.string()).describe("whom it is about; empty: all of them"),
    text: z.string(),
    details: z.array(z.string()),
    hint: z.string(),
  }),
);

const optOut = { reason: z.string(), owner: z.string(), until: z.string().describe("last day, as 2026-11-20") };

/** Backups of a guest under the number that it had. */
export const otherNumber = z
  .strictObject({ id: z.number(), backups: z.number(), newest: moment("when the newest of them began") })
  .nullable()
  .describe("its number in the settings was changed, and its backups bear the one that it had");

const job = z.strictObject({
  id: z.string(),
  schedule: z.string(),
  enabled: z.boolean(),
  nextRun: moment("when it runs next").nullable().describe("null: never, or the job is off"),
  running: z
    .array(
      z.strictObject({
        node: z.string(),
        upid: z.string(),
        since: moment("when it began"),
        guest: z.number().nullable().describe("its id, when the run is for one alone"),
      }),
    )
    .describe("backups that are at work now, also those of others"),
  lastRuns: z
    .array(
      z.strictObject({
        node: z.string(),
        upid: z.string(),
        started: moment("when it began"),
        seconds: seconds("how long it took"),
        result: z.string().describe("Proxmox's exit status: `OK`, `WARNINGS: 2`, `job errors`"),
        succeeded: z.boolean(),
        failed: z.array(z.strictObject({ id: z.number(), reason: z.string() })).describe("guests whose backup failed"),
        errors: z.array(z.string()).describe("those that belong to no guest"),
      }),
    )
    .describe("newest run on each node"),
});

const storage = z.strictObject({
  storage: z.string(),
  node: z.string(),
  shared: z.boolean(),
  active: z.boolean(),
  used: bytes("used").nullable(),
  total: bytes("in all").nullable(),
  usedShare: z.number().nullable().describe("0 to 1"),
});

const guest = z.strictObject({
  name: z.string(),
  id: z.number(),
  node: z.string(),
  state: z.string().describe("`running`, `stopped`, `unknown`; `missing` where the node has no such guest"),
  newest: z
    .strictObject({
      archive: z.string(),
      storage: z.string(),
      time: moment("when the backup began"),
      ageSeconds: seconds("how old it is"),
      size: bytes("of the archive"),
      previousSize: bytes("of the one before").nullable(),
      shrunk: z.boolean().describe("less than half the size of the one before"),
      verified: moment("when it was last verified").nullable(),
    })
    .nullable()
    .describe("newest backup; neither save points nor archives of other guests count"),
  otherNumber,
  allSeen: z
    .boolean()
    .describe("all its archives could be seen; where not, null as `newest` does not mean that there is none"),
  rpoSeconds: seconds("how old the newest backup may be"),
  backups: z.number(),
  savePoints: z.number(),
  optOut: z.strictObject(optOut).nullable().describe("left out of backups on purpose"),
  diskOptOuts: z.array(z.strictObject({ disk: z.string(), ...optOut })),
  drill: z
    .strictObject({
      result: z.enum(["proven", "failed", "never", "unknown"]).describe("`unknown`: not all notes could be read"),
      time: moment("when the last drill tried its backup").nullable(),
      ageSeconds: seconds("how long ago").nullable(),
    })
    .nullable()
    .describe("null: the settings have no drill, or the guest is left out"),
  snapshots: z
    .strictObject({
      schedule: z.string(),
      keep: z.number(),
      count: z.number().describe("snapshots of the schedule that there are"),
      newest: moment("the time that the newest was taken for").nullable(),
      next: moment("the next one").nullable(),
      problem: z.string().nullable(),
    })
    .nullable()
    .describe("null: the settings want none"),
  problems: z.array(z.string()),
});

const state = z.strictObject({
  lives: z
    .enum(["store", "fallback", "local", "elsewhere"])
    .describe("in the state store; on this machine until it is returned, or never moved; in another backend"),
  place: z.string(),
  modified: milliseconds("when it was written").nullable(),
  trouble: z.string().nullable().describe("why it could not be read"),
  damage: z.string().nullable().describe("what is wrong with the state itself"),
  objectLock: z
    .boolean()
    .nullable()
    .describe("its bucket in the store has object lock; null: it lies in none, or nobody could look"),
  copies: z.array(
    z.strictObject({
      kind: z.enum(["folder", "offsite"]),
      place: z.string(),
      time: milliseconds("when it was made").nullable(),
      by: z.enum(["command", "timer"]).nullable(),
      duringUpdate: z.boolean().describe("an update was at work when it was made"),
      isOlder: z.boolean().nullable().describe("the state has changed since; null: not known"),
      trouble: z.string().nullable(),
    }),
  ),
});

const unreadable = z.array(
  z.strictObject({
    path: z.string(),
    message: z.string(),
    hint: z.string(),
    guest: z.number().nullable().describe("id of the guest whose it is"),
  }),
);

const journals = {
  unfinished: z
    .array(
      z.strictObject({
        operation: z.string().describe("its id"),
        kind: z.string(),
        text: z.string().describe("`a restore of prod/web`"),
        guests: z.array(z.number()).describe("ids of those that it works on; empty: the environment's state"),
        startedAt: isoMoment("when it began, by the clock of this machine"),
        by: z.string().nullable().describe("who began it, as `anna@desk`; null: not known"),
        step: z.string().nullable().describe("where it stopped, or is; null: between two steps"),
        process: z.number().nullable().describe("process that is at work on it; null: it was left half done"),
        command: z.string().describe("resumes it"),
        hint: z.string().describe("every way on"),
      }),
    )
    .describe("operations that have not ended, by the journals of this machine"),
  unreadable: unreadable.describe("journals that cannot be read: what they are of may be half done"),
};

export const dataSourceShape = sourceShape.omit({ dumps: true, savePoints: true }).extend({
  newest: dumpShape
    .omit({ items: true })
    .nullable()
    .describe("the newest whole dump; null: there is none, or `unseen`"),
  dumps: z.number().describe("whole dumps; 0 also where `unseen`"),
});

const environment = z.strictObject({
  name: z.string(),
  endpoint: z.string(),
  timeZone: z.string(),
  now: moment("the node's clock"),
  job,
  storages: z.array(storage),
  guests: z.array(guest),
  notCovered: z
    .array(
      z.strictObject({
        id: z.number(),
        name: z.string(),
        type: z.string(),
        copy: z
          .strictObject({ text: z.string(), remove: z.string().describe("what removes it, on its node") })
          .nullable()
          .describe("what Lifeboat has made it of; null: it is somebody's"),
      }),
    )
    .describe("guests of the nodes that no settings name and no job backs up"),
  left: z
    .array(
      z.strictObject({
        id: z.number(),
        backups: z.number(),
        bytes: bytes("of all of them"),
        newest: moment("when the newest began"),
        notes: z.string().describe("first line of its notes"),
      }),
    )
    .describe("backups of guests that neither the settings nor the nodes have any more; `lifeboat backups` lists them"),
  ...journals,
  problems: z.array(z.string()).describe("of the environment as a whole"),
  policies: z.strictObject({
    broken: findings,
    suspended: findings,
    notes: findings,
    notices: z.array(z.string()),
  }),
  data: z.array(dataSourceShape).optional().describe("sources of data in guests; only where there are any"),
  state: state.optional().describe("only where the site has a state store"),
  offsite: z
    .strictObject({
      place: z.string(),
      trouble: z.string().nullable().describe("why nobody could look"),
      copies: z.array(
        z.strictObject({
          guest: z.string(),
          source: z.string(),
          newest: z
            .strictObject({ dump: z.string(), time: moment("from the dump's name"), bytes: z.number() })
            .nullable()
            .describe("the newest whole copy; null: there is none"),
          count: z.number().describe("whole copies"),
          doubts: z.array(z.string()).describe("what somebody has done to copies since they were written"),
        }),
      ),
      archives: z.array(
        z.strictObject({
          guest: z.string(),
          choice: z.enum(["newest", "weekly"]),
          newest: z
            .strictObject({ archive: z.string(), time: moment("from the archive's name"), bytes: z.number() })
            .nullable()
            .describe("the newest whole copy; null: there is none"),
          count: z.number().describe("whole copies"),
          doubts: z.array(z.string()).describe("what somebody has done to copies since they were written"),
        }),
      ),
      mirrors: z
        .array(
          z.strictObject({
            bucket: z.string(),
            newest: z
              .strictObject({ list: z.string(), time: moment("from the list's name") })
              .nullable()
              .describe("the newest whole list; null: there is none"),
            count: z.number().describe("whole lists"),
            doubts: z.array(z.string()).describe("what somebody has done to lists since they were written"),
          }),
        )
        .describe("buckets of the site that are mirrored there"),
    })
    .optional()
    .describe("only where the environment has copies elsewhere"),
  monitoring: z
    .strictObject({
      guest: z.string(),
      watches: z.boolean().nullable().describe("by its services themselves; null: nobody could look"),
      since: moment("since when there are measurements").nullable(),
      trouble: z.string().nullable(),
    })
    .optional()
    .describe("only where the environment has monitoring"),
});

/** `lifeboat status --json` */
export const statusShape = z.strictObject({
  ok: z.boolean(),
  exitCode,
  summary: z.strictObject({
    guests: z.number(),
    fine: z.number(),
    leftOut: z.number(),
    needYou: z.array(z.string()).describe("guests with a problem, as `prod/web`"),
    besides: z.array(z.strictObject({ environment: z.string(), problems: z.number() })),
    unknown: z.array(z.string()).describe("environments that could not be asked"),
    unreadable: z.number().describe("batches of operations whose file cannot be read"),
  }),
  environments: z.array(environment),
  unknown: z.array(z.strictObject({ name: z.string(), exitCode, ...failureShape, ...journals })),
  unreadable: unreadable.describe("files of what was asked for at once that cannot be read"),
});
