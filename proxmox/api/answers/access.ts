import * as z from "zod";
import { flagAnswer } from "./values";

/** An API user. */
export const userAnswer = z.object({
  enable: flagAnswer.optional().transform((value) => value ?? true),
  /** Names of the groups that it is in. */
  groups: z.array(z.string()).default([]),
  /** By their names; null for none. */
  tokens: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((tokens) => Object.keys(tokens ?? {})),
});
export type User = z.infer<typeof userAnswer>;

export const listedUserAnswer = z.object({ userid: z.string() });

export const roleAnswer = z.object({ roleid: z.string() });
