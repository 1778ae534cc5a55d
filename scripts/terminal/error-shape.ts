import * as z from "zod";
import { exitCode, failureShape } from "./shapes";

const texts = z.array(z.string());
const problem = z.strictObject({ path: texts, found: z.string(), allowed: z.string(), message: z.string() });
const storage = z.strictObject({ storage: z.string(), reason: z.string() });

/** What every command prints with `--json` when it fails. What stands behind the hint depends on what failed. */
export const errorShape = z.strictObject({
  exitCode,
  ...failureShape,
  kind: z.string().optional().describe("of the answer, or of the operation that is half done"),
  endpoint: z.string().optional().describe("of the node that was asked"),
  request: z.string().optional().describe("what it was asked: `GET /nodes/pve/lxc/101/config`"),
  status: z.number().optional().describe("of HTTP"),
  store: z.string().optional().describe("the object store that was asked"),
  task: z.string().optional().describe("UPID of the task that failed"),
  exitStatus: z.string().optional().describe("how it ended, in Proxmox's words"),
  operation: z.string().optional().describe("id of an operation that is half done"),
  resume: z.string().optional().describe("the command that resumes it"),
  step: z.string().optional().describe("the step that failed"),
  position: z
    .enum(["taken-back", "open", "committed"])
    .optional()
    .describe("nothing is changed; it can be resumed; only forwards or `lifeboat undo`"),
  environment: z.string().optional().describe("whose settings are wrong"),
  problems: z.array(problem).optional().describe("what is wrong with them"),
  missing: z
    .array(z.union([z.string(), z.strictObject({ privilege: z.string(), path: z.string() })]))
    .optional()
    .describe("flags that were not given, privileges that the token lacks, or settings"),
  searched: texts.optional().describe("storages"),
  unsearched: z.array(storage).optional(),
  candidates: z.array(z.record(z.string(), z.unknown())).optional().describe("what may have been meant"),
  refused: z
    .array(z.strictObject({ subject: z.string(), exitCode, ...failureShape }))
    .optional()
    .describe("what of a batch cannot be done"),
  locks: z.array(z.record(z.string(), z.unknown())).optional().describe("who holds Pulumi's lock"),
  leftOut: z.array(z.record(z.string(), z.unknown())).optional().describe("what is not on the site"),
  differences: z.array(z.record(z.string(), z.unknown())).optional().describe("what the settings ask for besides"),
  differing: texts.optional().describe("resources of which the two states say different things"),
  parts: z
    .array(z.strictObject({ urn: z.string(), why: z.string() }))
    .optional()
    .describe("what of a state the program never makes, and why it is taken for foreign"),
  moved: z.literal("both").optional(),
  difference: texts.optional().describe("between two states: a line for each resource"),
});
