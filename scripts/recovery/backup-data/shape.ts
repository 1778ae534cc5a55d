import * as z from "zod";
import { exitCode, seconds } from "../../terminal/shapes";

const source = z.strictObject({
  source: z.string(),
  result: z.enum(["success", "error", "not begun"]),
  message: z.string().describe("the last line of its log, or why it was not begun"),
  seconds: seconds("how long it took"),
});

/** `lifeboat backup data --json` */
export const backupDataShape = z.strictObject({
  exitCode,
  guest: z.string().describe("`prod/web`"),
  sources: z.array(source),
});
