import * as z from "zod";

/** A number that may arrive as a string. An empty string is no number. */
export const numberAnswer = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(?:\.\d+)?$/u)
    .transform(Number),
]);

/** A text that may arrive as a number (a container named `101`, a tag `7`). */
export const textAnswer = z.union([z.string(), z.number().transform(String)]);

/** 1, "1" or true. Proxmox leaves a member out for "no" as often as it sends 0. */
export const flagAnswer = z.union([z.boolean(), numberAnswer.transform((value) => value !== 0)]);
