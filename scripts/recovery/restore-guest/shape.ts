import * as z from "zod";
import { bytes, exitCode, failureShape, isoMoment, seconds } from "../../terminal/shapes";
import { batchShapes, findingShape, named, operationShapes, reportFrame } from "../engine/shapes";

const archive = z.strictObject({
  volid: z.string(),
  date: z.string().describe("when it began, by the node's wall clock: `2026-11-20 01:00:00`"),
  age: seconds("how old it is"),
  bytes: bytes("the archive's size"),
  protected: z.boolean(),
});

const space = z
  .array(
    z.strictObject({
      storage: z.string(),
      node: z.string().optional().describe("absent for a storage that all nodes share"),
      guests: z.array(z.string()),
      available: bytes("what is free").optional(),
      atLeast: bytes("less it cannot be"),
      sizes: bytes("what the volumes may take as they fill up"),
      isExact: z.boolean().describe("both are the same: the storage sets the whole size aside"),
    }),
  )
  .describe("room that the new volumes need beside what is there");

const mode = z.enum(["in-place", "beside"]);
const guest = z.string().describe("`prod/web`");

const planMembers = {
  guest,
  vmid: z.number(),
  mode,
  target: z.strictObject({ node: z.string(), vmid: z.number() }).describe("what is made"),
  archive,
  reason: z.string().describe("why this archive"),
  notRead: z.string().optional().describe("why it is not read to its end before anything is touched"),
  newest: z.array(archive),
  warnings: z.array(z.string()),
  lost: z.array(z.string()),
  replaced: z.array(z.string()),
  changed: z.array(z.string()),
  kept: z.array(z.string()),
  space,
};

const reportMembers = {
  guest,
  vmid: z.number(),
  node: z.string(),
  mode,
  archive: z.string(),
  archiveRead: z.boolean().describe("it was read to its end before anything was touched"),
  archiveNotRead: z.string().optional().describe("why not"),
  proven: z.boolean().describe("every check passed"),
  checks: z.array(z.strictObject({ check: z.string(), passed: z.boolean() })),
  savePoint: z.string().optional().describe("the archive to which `undo` goes back"),
  undo: z.string().optional().describe("the command that takes it back"),
  rto: z
    .strictObject({ seconds: seconds("how long it may take"), met: z.boolean() })
    .optional()
    .describe("only where the settings have one"),
  steps: z.array(
    z.strictObject({ id: z.string(), title: z.string(), seconds: seconds("how long it took").optional() }),
  ),
};

/** `lifeboat restore guest --json`; also of an undo that restores the save point. */
export const restoreGuestShapes = operationShapes({ plan: planMembers, report: reportMembers });

/** The same for several guests. */
export const restoreGuestsShapes = named(
  batchShapes({
    plan: {
      guests: z.array(z.strictObject(planMembers)),
      parallel: z.number().describe("guests at a time"),
      space,
      warnings: z.array(z.string()),
    },
    report: {
      guests: z.array(
        z.strictObject({
          guest,
          result: z
            .enum(["restored", "not proven", "ended before", "failed", "taken back", "left out"])
            .describe("`ended before`: by an earlier run, and not looked at by this one"),
          exitCode,
          endedAt: isoMoment("when the earlier run did, by the clock of this machine").optional(),
          message: failureShape.message.optional(),
          hint: failureShape.hint,
          report: z.strictObject({ ...reportMembers, ...reportFrame }).optional(),
        }),
      ),
      comparisons: z
        .array(z.strictObject({ environment: z.string(), findings: z.array(findingShape) }))
        .describe("with Pulumi, once for each environment"),
    },
  }),
  "of several guests",
);
