import * as z from "zod";

/** `lifeboat monitoring export --json` */
export const exportShape = z.strictObject({
  folder: z.string(),
  written: z.array(z.string()).describe("files that are new, or were other ones"),
  unchanged: z.array(z.string()).describe("files that were there like this"),
  removed: z.array(z.string()).describe("files of an earlier export that are none of this one"),
  left: z.array(z.string()).describe("the same, changed by somebody since: they stay"),
});
