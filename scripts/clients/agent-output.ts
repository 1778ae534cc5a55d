import * as z from "zod";

const answerSchema = z.object({ "out-data": z.string() });

/** What the agent says that a command has printed (`qm guest exec`). Without `out-data` it has printed nothing. */
export function agentOutput(printed: string): string {
  try {
    return answerSchema.parse(JSON.parse(printed))["out-data"];
  } catch {
    return "";
  }
}
