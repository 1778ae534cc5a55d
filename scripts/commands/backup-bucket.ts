import * as z from "zod";
import { chooseMirrors } from "../project/mirrored-buckets";
import { mirrorBuckets } from "../recovery/mirror-bucket/run";
import { mirrorShape } from "../recovery/mirror-bucket/shape";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Mirrors buckets of the site (lifeboat:buckets) to the bucket elsewhere, with every version that they keep. Only what does not lie there yet is sent, by the key that can remove nothing; after 30 days everything is sent once more, so that what is old can expire. A list of all that was there is written last: the bucket can be restored as it was at each list. For a timer, once a day. Exit code 3: something could not be read; it is named, and the rest is mirrored.",
  examples: [
    { command: "lifeboat backup bucket", meaning: "every bucket of the settings" },
    { command: "lifeboat backup bucket uploads", meaning: "one" },
    { command: "lifeboat restore bucket uploads --dry-run", meaning: "what would come back?" },
  ],
  arguments: [
    { name: "bucket", description: "its name in the settings, or environment/name; default: all", required: false },
  ],
  options: [],
  input: z.object({ bucket: z.string().optional() }),
  aim: ({ bucket }) => `mirror ${bucket ?? "the buckets"}`,
  interrupt: "clean",
  prints: { report: mirrorShape },
  run: async ({ bucket }, context) => mirrorBuckets(chooseMirrors(await context.site(), bucket), context),
});
