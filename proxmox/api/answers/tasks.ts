import * as z from "zod";
import { numberAnswer, textAnswer } from "./values";

export const taskStatusAnswer = z.object({
  upid: z.string(),
  type: z.string(),
  id: textAnswer.optional(),
  user: z.string().optional(),
  status: z.string(),
  exitstatus: z.string().optional(),
  starttime: numberAnswer,
});
export type TaskStatus = z.infer<typeof taskStatusAnswer>;

/** A task in a node's list. */
export const taskEntryAnswer = z.object({
  upid: z.string(),
  type: z.string(),
  id: textAnswer.optional(),
  user: z.string().optional(),
  tokenid: z.string().optional(),
  /** Unix seconds. */
  starttime: numberAnswer,
  /** Unix seconds; missing while the task runs. */
  endtime: numberAnswer.optional(),
  /** Exit status; missing while the task runs. */
  status: z.string().optional(),
});
export type TaskEntry = z.infer<typeof taskEntryAnswer>;

/** One line of a task's log; `n` counts from 1. */
export const logLineAnswer = z.object({ n: numberAnswer, t: z.string() });
export type LogLine = z.infer<typeof logLineAnswer>;
