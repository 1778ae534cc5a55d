import * as z from "zod";

/** Raised when a change makes older journals unreadable. A journal of another version is refused, never guessed at. */
export const journalVersion = 1;

const factsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const findingSchema = z
  .object({ severity: z.enum(["note", "todo", "problem"]), text: z.string(), mend: z.string().exactOptional() })
  .readonly();

/** How far one step is. `started` means: its request may or may not have reached the node. */
const stepStateSchema = z.enum(["started", "done", "failed", "taken-back"]);

const stepRecordSchema = z.object({
  state: stepStateSchema,
  startedAt: z.string(),
  finishedAt: z.string().exactOptional(),
  /** Seconds that the last attempt took, when it finished. */
  seconds: z.number().exactOptional(),
  facts: factsSchema,
  findings: z.array(findingSchema),
  error: z.string().exactOptional(),
});

/**
 * How far the operation is.
 * - `open`: begun and not ended; the same command resumes it.
 * - `taking-back`: a step before the destructive one failed, and the earlier ones are being undone.
 * - `taken-back`: as if it had never begun.
 * - `done`, `unproven`: ended; `unproven` with problems in its report.
 * - `given-up`: half done and not resumed any more: abandoned, outdated, or another one stands for it.
 * - `undone`: ended, and `undo` has restored its save point.
 */
export const operationStateSchema = z.enum([
  "open",
  "taking-back",
  "taken-back",
  "done",
  "unproven",
  "given-up",
  "undone",
]);

export const journalSchema = z.object({
  version: z.literal(journalVersion),
  id: z.string(),
  /** Name of the operation's definition, which reads `plan`. */
  kind: z.string(),
  state: operationStateSchema,
  /** The command line that resumes it, without secrets. */
  command: z.string(),
  /** The guest that it is about. Absent: it is about the stack of the environment in whose folder the journal lies. */
  guest: z.object({ environment: z.string(), name: z.string(), id: z.number(), node: z.string() }).exactOptional(),
  /** What was asked for, as named texts: the same command is recognised by them. */
  request: z.record(z.string(), z.string()),
  /** Who began it: `anna@desk`. Absent in journals of versions that did not write it. */
  by: z.string().exactOptional(),
  startedAt: z.string(),
  /** Counts the operations of a site on this machine, whose clock may be put back. Absent in journals of versions that did not. */
  order: z.number().exactOptional(),
  updatedAt: z.string(),
  /** What the plan rests on, as named digests. */
  inputs: z.record(z.string(), z.string()),
  /** Read by the definition of `kind`. */
  plan: z.unknown(),
  /** By the path of their ids. */
  steps: z.record(z.string(), stepRecordSchema),
});

/**
 * Operations that were asked for at once, so that one command resumes all of them. Each has a journal of its own beside
 * this, by which it can be resumed or undone alone; so nobody has to write here while they run.
 */
export const journalBundleSchema = z.object({
  version: z.literal(journalVersion),
  id: z.string(),
  /** `ended`: every part has ended one way or another, and what follows them all is done. */
  state: z.enum(["open", "ended"]),
  /** The command line that resumes it, without secrets. */
  command: z.string(),
  /** What was asked for, as named texts: the same command is recognised by them. */
  request: z.record(z.string(), z.string()),
  startedAt: z.string(),
  updatedAt: z.string(),
  /** `site`: name of the state folder with the part's journal; `journal`: what that begins with. */
  parts: z.array(z.object({ site: z.string(), journal: journalSchema })).readonly(),
});

export type JournalBundleContents = z.infer<typeof journalBundleSchema>;
export type StepRecord = z.infer<typeof stepRecordSchema>;
export type OperationState = z.infer<typeof operationStateSchema>;
export type JournalContents = z.infer<typeof journalSchema>;
export type JournalGuest = NonNullable<JournalContents["guest"]>;
