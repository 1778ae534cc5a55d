import * as z from "zod";
import { bytes, isoMoment, moment, seconds } from "../../terminal/shapes";
import { findingShape, operationShapes } from "../engine/shapes";
import { rebuildPlanSchema } from "../rebuild/plan";

/** Seconds within which a site has to be back (L6). */
export const targetSeconds = 3_600;

const copySchema = z.object({
  source: z.string(),
  kind: z.string(),
  dump: z.string().exactOptional().describe("the newest copy of a dump in the bucket elsewhere"),
  time: moment("when it was dumped").exactOptional(),
  encrypted: z.boolean().exactOptional(),
  bucket: z.string().exactOptional(),
  unseen: z.string().exactOptional().describe("why nobody can look whether there is one"),
  wal: z
    .literal(true)
    .exactOptional()
    .describe("its cluster archives WAL: how far that reaches is seen when the guest is back"),
  left: z.literal(true).exactOptional().describe("it is left as the archive has it, as `--skip` says"),
});

/** A source of data of a guest that comes back, and what lies elsewhere of it. */
export type DataCopy = z.infer<typeof copySchema>;

const guestSchema = z.object({
  name: z.string(),
  id: z.number(),
  node: z.string().describe("where it is, or comes back"),
  declaredNode: z.string().exactOptional().describe("where the settings have it: that node is dead"),
  way: z
    .enum([
      "there",
      "resume",
      "archive",
      "archive unseen",
      "offsite",
      "store",
      "ha",
      "by hand",
      "another",
      "anew",
      "none",
    ])
    .describe(
      "`resume`: a restore of it is half done; `archive unseen`: its archives are seen only when their storage is defined; `offsite`: its copy in the bucket elsewhere is brought to the backup storage first; `store`: the rebuild of the state store makes it; `ha`: its node is dead, and Proxmox's HA brings it back, which is waited for; `by hand`: its node is dead, and somebody has to do what `mend` says first; `another`: a guest that is not it has its number, or may have; `anew`: it has no archive, and its stack makes it again, empty; `none`: nothing brings it back",
    ),
  archive: z.string().exactOptional().describe("its newest good archive, or the one of the half-done restore"),
  bytes: bytes("the archive's size").exactOptional(),
  ageSeconds: seconds("how old the archive is: what came after it is lost").exactOptional(),
  elsewhere: z
    .object({
      bucket: z.string(),
      archive: z.string(),
      bytes: bytes("the archive's size"),
      ageSeconds: seconds("how old it is"),
      doubts: z.array(z.string()).describe("what somebody has done to the copy since it was written"),
    })
    .exactOptional()
    .describe("its newest copy in the bucket elsewhere, with `--from offsite`: where its storage has no archive"),
  mayBeElsewhere: z
    .literal(true)
    .exactOptional()
    .describe(
      "a copy lies elsewhere, or nobody can tell: until it is back its stack, which would make it empty, is left as it is",
    ),
  ownStack: z
    .literal(true)
    .exactOptional()
    .describe("its stack would make it, empty: until it is back that is left as it is"),
  rpoSeconds: seconds("how old it may be"),
  needs: z.array(z.string()).describe("guests of its environment that are brought back before it"),
  data: z.array(copySchema).exactOptional().describe("its data in the settings, where it comes back"),
  why: z.string().exactOptional().describe("why nothing brings it back, or what to know of it"),
  mend: z.string().exactOptional().describe("the next command, or step"),
  restored: z
    .object({
      result: z.enum(["back", "not proven", "anew"]),
      archive: z.string().nullable(),
      time: moment("when the archive was begun").nullable(),
      seconds: seconds("how long its restore took").nullable(),
      endedAt: isoMoment("when its restore ended").exactOptional(),
      findings: z.array(findingShape.extend({ mend: findingShape.shape.mend.unwrap().exactOptional() })),
    })
    .exactOptional()
    .describe("by an earlier run of this recovery, which was cut off"),
});

/** A guest as a recovery finds it. */
export type GuestLook = z.infer<typeof guestSchema>;

/** Whether a guest comes back from an archive, or may: some are seen only later. */
export function isRestored({ way }: Pick<GuestLook, "way">): boolean {
  return way === "archive" || way === "archive unseen" || way === "offsite" || way === "resume";
}

const environmentSchema = z.object({
  name: z.string(),
  endpoint: z.string(),
  trouble: z.string().exactOptional().describe("why nothing can be done with it"),
  mend: z.string().exactOptional().describe("the next command, or step"),
  storage: z.object({
    id: z.string(),
    state: z
      .enum(["there", "define", "unknown"])
      .describe("`define`: the node does not know it, and is told by the settings"),
  }),
  job: z.boolean().describe("the backup job is there"),
  guests: z.array(guestSchema),
  goneBesides: z
    .array(z.string())
    .exactOptional()
    .describe("guests that are gone and not asked for: its stack would make them, and is left as it is for that"),
  renamed: z
    .literal(true)
    .exactOptional()
    .describe("its node stands in for another one: Pulumi's state gets the new names"),
  locked: z
    .string()
    .exactOptional()
    .describe("why its secrets cannot be opened: its stack and its state are left as they are, its guests come back"),
  unfinished: z
    .literal(true)
    .exactOptional()
    .describe("an earlier run was cut off before it had brought its stack up, or could not do it: that is done now"),
});

const renamedSchema = z.object({
  nodes: z.record(z.string(), z.string()).describe("new names of nodes by old ones"),
  storages: z.record(z.string(), z.string()).describe("new ids of storages by old ones"),
  settings: z
    .array(
      z.object({
        environment: z.string(),
        file: z.string(),
        changes: z.array(
          z.object({ path: z.array(z.union([z.string(), z.number()])), from: z.string(), to: z.string() }),
        ),
      }),
    )
    .describe("what changes in which settings file; empty where an earlier run has written them"),
});

const bareNodeSchema = z.object({
  node: z.string(),
  missing: z
    .array(z.string())
    .describe(
      "what its saved configuration has of the node itself, and it does not show: `storage share`, `role Auditor`",
    ),
  unseen: z.array(z.string()).describe("what could not be compared, and why"),
  saved: z.string().exactOptional().describe("where that configuration was saved; absent: it could not be read"),
  from: z.literal("offsite").exactOptional().describe("it was read from the copies in the bucket elsewhere"),
});

/** A node that has none of its guests, and may have been installed anew under its old name. */
export type BareNode = z.infer<typeof bareNodeSchema>;

/** An environment as a recovery finds it. */
export type EnvironmentLook = z.infer<typeof environmentSchema>;

const storeSchema = z.object({
  endpoint: z.string(),
  owner: z.string().describe("the environment whose stack makes it"),
  way: z
    .enum(["there", "rebuild", "guest", "none"])
    .describe(
      "`rebuild`: it is made again, and gets the states from their copies; `guest`: its guest comes back from an archive, with the states in it; `none`: no copy and no archive brings it back",
    ),
  states: rebuildPlanSchema
    .exactOptional()
    .describe("what is there of each state; absent where it cannot be looked at"),
  why: z.string().exactOptional(),
  mend: z.string().exactOptional(),
});

/** The state store as a recovery finds it. */
export type StoreLook = z.infer<typeof storeSchema>;

/** What is left of a site, and how the rest comes back, as the journal keeps it. No secrets. */
export const recoverPlanSchema = z.object({
  environments: z.array(environmentSchema).describe("in the order in which they come back"),
  store: storeSchema.exactOptional().describe("absent: the site has none, or none of its environments is asked for"),
  map: renamedSchema.exactOptional().describe("absent: every node has its name"),
  bare: z
    .array(bareNodeSchema)
    .exactOptional()
    .describe(
      "nodes without any of their guests that lack, or may lack, what was saved of them; absent: there is none",
    ),
  parallel: z.number().describe("guests at a time"),
  resumed: z
    .literal(true)
    .exactOptional()
    .describe("an earlier run was cut off: all of it is checked and told, also where nothing else is left to do"),
  unproven: z
    .literal(true)
    .exactOptional()
    .describe(
      "an earlier run ended with something not in order: all of it is checked again, also where nothing is lost",
    ),
  began: isoMoment("when the first run began, by this machine's clock; runs that were cut off count"),
  firstBegan: isoMoment("when the recovery began that is checked again").exactOptional(),
});

export type RecoverPlan = z.infer<typeof recoverPlanSchema>;

/** What became of data of which something newer was left than the archive of their guest. */
export const dataResultSchema = z.strictObject({
  guest: z.string().describe("`prod/web`"),
  source: z.string(),
  result: z
    .enum(["latest", "left"])
    .describe(
      "`latest`: they are as they were at `time`; `left`: they are as old as the archive, and a finding says why",
    ),
  time: moment("as of when the newer data are"),
  lostSeconds: seconds("time between that and the beginning of the recovery"),
  seconds: seconds("how long it took").nullable(),
});

export type DataResult = z.infer<typeof dataResultSchema>;

const { resume: _plannedAnew, ...shapes } = operationShapes({
  plan: recoverPlanSchema.shape,
  nothing: { environments: z.array(z.string()) },
  report: {
    environments: z.array(
      z.strictObject({
        environment: z.string(),
        up: z.enum(["done", "unchanged", "failed", "left out"]).describe("what became of its stack"),
        guests: z.array(
          z.strictObject({
            guest: z.string().describe("`prod/web`"),
            result: z
              .enum(["there", "back", "not proven", "anew", "by hand", "lost"])
              .describe("`by hand`: it waits for what the plan says of it"),
            archive: z.string().nullable(),
            time: moment("when the archive was begun").nullable(),
            lostSeconds: seconds("time between the archive and the beginning of the recovery").nullable(),
            seconds: seconds("how long its restore took").nullable(),
          }),
        ),
      }),
    ),
    data: z
      .array(dataResultSchema)
      .describe("data of which something newer was left than the archives that their guests came back from"),
    totalSeconds: seconds(
      "from the beginning of the first run; where a recovery is checked again, of that check alone",
    ),
    firstBegan: isoMoment(
      "when the recovery began that is checked again; absent: this one has brought things back",
    ).exactOptional(),
    targetSeconds: seconds("how long it may take"),
    proven: z.boolean().describe("the last check found everything in order"),
  },
});

/** `lifeboat recover --json`. What is half done is planned anew, so that nothing is ever resumed. */
export const recoverShapes = shapes;
