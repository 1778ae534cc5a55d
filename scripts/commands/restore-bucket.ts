import * as z from "zod";
import { chooseMirrors } from "../project/mirrored-buckets";
import { forceFlag } from "../recovery/engine/settle-demands";
import { acceptLossFlag, runRestoreBucket } from "../recovery/restore-bucket/run";
import { restoreBucketShapes } from "../recovery/restore-bucket/shape";
import { usageError } from "../terminal/command-error";
import { defineCommand } from "./frame/command";
import { momentFlag } from "./frame/moment-flag";

export const command = defineCommand({
  description:
    "Brings a mirrored bucket back from the bucket elsewhere, as it was at the newest list or at the newest that is not later. Into an empty bucket every version comes back in its order; into another what a read got then, where it is not there already. Nothing is removed: what the list does not have stays, and what is replaced stays as an older version where the bucket keeps versions. Everything is compared with its sums on the way, and looked for afterwards. Run it again after an interruption: it goes on.",
  examples: [
    { command: "lifeboat restore bucket uploads --dry-run", meaning: "what would come back?" },
    { command: "lifeboat restore bucket uploads", meaning: "show the plan, ask, do it" },
    { command: "lifeboat restore bucket uploads --at 2026-11-20", meaning: "as it was at the end of that day, in UTC" },
    { command: "lifeboat restore bucket uploads --into uploads-before", meaning: "beside it, into another bucket" },
  ],
  arguments: [{ name: "bucket", description: "its name in the settings, or environment/name", required: true }],
  options: [
    { flags: "--at <time>", description: "the newest list that is not later: a day (its end) or a time, in UTC" },
    { flags: "--into <bucket>", description: "into another bucket of the same service, which is there" },
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: forceFlag, description: "answer the plan's question with yes; implies no loss" },
    { flags: acceptLossFlag, description: "replace what a bucket without versions has" },
  ],
  input: z.object({
    bucket: z.string(),
    at: momentFlag.optional(),
    into: z.string().min(1).optional(),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
    acceptLoss: z.boolean().default(false),
  }),
  aim: ({ bucket }) => `restore the bucket ${bucket}`,
  interrupt: "clean",
  prints: restoreBucketShapes,
  run: async ({ bucket, at, into, dryRun, force, acceptLoss }, context) => {
    const [mirror] = chooseMirrors(await context.site(), bucket);
    if (mirror === undefined) throw usageError(`there is no bucket ${bucket}`);
    const given = { [forceFlag]: force, [acceptLossFlag]: acceptLoss };
    return runRestoreBucket({ mirror, at, into, dryRun, given }, context);
  },
});
