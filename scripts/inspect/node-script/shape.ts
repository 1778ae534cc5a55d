import * as z from "zod";

export const nodeScriptShape = z.strictObject({
  node: z.string().describe("the node whose configuration was saved"),
  for: z.string().describe("the node that the script runs on"),
  saved: z.string().describe("where it was saved: a dump and its source, or a file"),
  file: z.string().nullable().describe("the file that the script was written into; null: none"),
  unseen: z.array(z.string()).describe("sources that could not be looked at, whose dumps may be newer"),
  script: z.string().describe("for the node's shell; it only looks until it is run with --apply"),
});
