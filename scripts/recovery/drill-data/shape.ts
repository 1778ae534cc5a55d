import * as z from "zod";
import { exitCode, moment, seconds } from "../../terminal/shapes";

const source = z.strictObject({
  guest: z.string().describe("`prod/web`"),
  source: z.string(),
  result: z.enum(["proven", "failed", "not tried"]),
  dump: z.string().nullable().describe("the newest; null: there is none, or nobody could look"),
  time: moment("when that dump was made").nullable(),
  asked: z.string().nullable().describe("the database that was asked the settings' query; null: none"),
  reasons: z.array(z.string()).describe("what keeps it from being proven"),
  seconds: seconds("how long it took"),
});

/** `lifeboat drill data --json` */
export const drillDataShape = z.strictObject({ exitCode, sources: z.array(source) });
