import * as z from "zod";
import { openStackSession } from "../recovery/engine/session";
import { copyPlace } from "../recovery/steps/state/copies/copy-places";
import { fallbackOperation } from "../recovery/fallback/operation";
import { answersFlag } from "../recovery/fallback/make-plan";
import { openLiveAndLocal } from "../recovery/steps/state/live-and-local";
import { runOne } from "../recovery/engine/run-one";
import { fallbackShapes } from "../recovery/fallback/plan";
import { defineCommand } from "./frame/command";
import { shellQuote } from "../machine/shell-quote";
import { staleFlag } from "../recovery/steps/state/copies/flags";

export const command = defineCommand({
  description:
    "The state store does not answer, and work has to go on: the newest copy of an environment's state becomes its live state, in Pulumi's backend on this machine. Shows first how old the copy is and which update it holds, and proves that the passphrase opens it. `lifeboat state return` brings it back to the store.",
  examples: [
    { command: "lifeboat state fallback prod --dry-run", meaning: "which copy would be used?" },
    { command: "lifeboat state fallback prod", meaning: "show the plan, ask, do it" },
    { command: "lifeboat state fallback prod --from offsite", meaning: "with the copy in the second S3 service" },
  ],
  arguments: [{ name: "environment", description: "name of the environment", required: true }],
  options: [
    { flags: "--from <place>", description: "where the copy is: a folder, 'offsite', or s3://bucket/path?endpoint=…" },
    { flags: "--accept-stale", description: "use the copy although the store was last seen with a newer state" },
    { flags: "--although-store-answers", description: "fall back although the store answers" },
    { flags: "--dry-run", description: "show the plan; write nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({
    environment: z.string(),
    from: z.string().optional(),
    acceptStale: z.boolean().default(false),
    althoughStoreAnswers: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ environment }) => `fall back with the state of ${environment}`,
  interrupt: "clean",
  prints: fallbackShapes,
  run: async ({ environment, from, acceptStale, althoughStoreAnswers, dryRun, force }, context) => {
    const session = await openStackSession(environment, context, dryRun);
    const flags = [
      ...(from === undefined ? [] : [`--from ${shellQuote(from)}`]),
      ...(acceptStale ? [staleFlag] : []),
      ...(althoughStoreAnswers ? [answersFlag] : []),
      ...(force ? ["--force"] : []),
    ];
    const command = ["lifeboat state fallback", environment, ...flags].join(" ");
    const states = await openLiveAndLocal(session);
    const { environment: variables, workingDirectory } = context.io;
    const site = await context.site();
    const reach = { signal: context.signal };
    const place = await copyPlace(from, { site, variables, workingDirectory, reach }, context.defer);
    const given = { "--force": force, [staleFlag]: acceptStale, [answersFlag]: althoughStoreAnswers };
    const operation = fallbackOperation(session, states, place, { from, given, command });
    return runOne(session, operation);
  },
});
