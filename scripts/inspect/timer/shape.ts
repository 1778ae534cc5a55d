import * as z from "zod";

/** `lifeboat backup snapshots --print-timer --json`, `lifeboat drill --print-timer --json`, `lifeboat status --notify … --print-timer --json` */
export const timerShape = z.strictObject({
  name: z.string().describe("of both units"),
  service: z.string().describe("text of the service's unit"),
  timer: z.string().describe("text of the timer's unit"),
});
