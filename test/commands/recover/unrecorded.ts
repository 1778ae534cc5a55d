import * as z from "zod";
import type { FileWrite } from "../support/kit";
import type { RunOptions } from "../support/run-bundle";

const journalShape = z.looseObject({
  kind: z.string(),
  steps: z.record(z.string(), z.looseObject({ state: z.string() })),
});

/** Kills where a step of an operation has done its work, and its journal does not say so yet. */
export function unrecorded(step: string, kind = "recover"): RunOptions {
  return {
    onWrite: ({ moment, text }: FileWrite, run) => {
      const found = journalShape.safeParse(JSON.parse(text)).data;
      if (moment === "before" && found?.kind === kind && found.steps[step]?.state === "done") run.signal("SIGKILL");
    },
  };
}
