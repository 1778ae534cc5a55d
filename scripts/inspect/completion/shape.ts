import * as z from "zod";

/** `lifeboat completion SHELL --json` */
export const scriptShape = z.strictObject({
  shell: z.enum(["bash", "zsh", "fish"]),
  script: z.string().describe("what the shell is to run when it starts"),
});

/** `lifeboat completion SHELL --json -- WORD…` */
export const wordsShape = z.strictObject({
  shell: z.enum(["bash", "zsh", "fish"]),
  words: z
    .array(z.strictObject({ word: z.string(), meaning: z.string() }))
    .describe("what fits in the place of the last"),
  files: z.boolean().describe("a path is expected there"),
});
