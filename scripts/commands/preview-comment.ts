import * as z from "zod";
import { renderComment } from "../pull-requests/comment";
import { postComment, type Posted, type PullRequest } from "../pull-requests/github";
import { readPreviewFile, stackNameSchema } from "../inspect/preview/preview-file";
import { rememberVariables } from "../project/secret-variables";
import { defineCommand } from "./frame/command";
import { usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";

const input = z.object({
  from: z.string().min(1).default("previews"),
  stacks: z
    .string({ error: "is missing: the names of the environments, with commas between them" })
    .transform((text) => text.split(","))
    .pipe(z.array(stackNameSchema)),
  commit: z.string({ error: "is missing: the commit that was previewed" }).regex(/^[0-9a-f]{40,64}$/u),
  pullRequest: z.coerce.number({ error: "is missing: the number of the pull request" }).int().positive(),
  dryRun: z.boolean().default(false),
});

export const command = defineCommand({
  description:
    "Writes what `lifeboat preview --out` found into one comment of a pull request, which the next run changes. For workflows: the token is GITHUB_TOKEN, the place GITHUB_REPOSITORY at GITHUB_API_URL. Needs neither the site nor its settings. Does nothing when the pull request has a newer commit.",
  examples: [
    {
      command: "lifeboat preview comment --from previews --stacks prod,lab --commit <SHA> --pull-request 7",
      meaning: "write or change the comment",
    },
  ],
  options: [
    { flags: "--from <folder>", description: "folder of the results (default: previews)" },
    { flags: "--stacks <names>", description: "environments that were to be previewed: prod,lab" },
    { flags: "--commit <sha>", description: "the commit that was previewed, in full" },
    { flags: "--pull-request <number>", description: "where to write it" },
    { flags: "--dry-run", description: "print the comment and send nothing" },
  ],
  input,
  aim: ({ pullRequest }) => `comment on pull request ${String(pullRequest)}`,
  prints: {
    "--dry-run": z.strictObject({ comment: z.string().describe("its text") }),
    report: z.strictObject({ comment: z.enum(["created", "updated", "outdated"]).describe("what became of it") }),
  },
  run: async ({ from, stacks, commit, pullRequest: number, dryRun }, { io, redactor, output, talk, signal }) => {
    rememberVariables(redactor, io.environment);
    const { runUrl, ...place } = readPlace(io.environment, dryRun);
    const previews = stacks.map((stack) => readPreviewFile(from, stack));
    const comment = redactor.redact(renderComment(previews, { commit, runUrl }));
    if (dryRun) {
      output.result({ comment }, (lines) => lines.text(comment));
      return exitCodes.done;
    }
    const posted = await postComment({ ...place, number }, comment, commit, { signal });
    output.result({ comment: posted }, () => undefined);
    talk.line(meanings[posted]);
    return exitCodes.done;
  },
});

const meanings: Readonly<Record<Posted, string>> = {
  created: "The comment was written.",
  updated: "The comment was changed.",
  outdated: "Nothing was written: the pull request has a newer commit.",
};

const variablesSchema = z.object({
  GITHUB_API_URL: z.url({ protocol: /^https?$/u }).default("https://api.github.com"),
  GITHUB_SERVER_URL: z.url({ protocol: /^https?$/u }).default("https://github.com"),
  GITHUB_REPOSITORY: z.string().regex(/^[\w.-]+\/[\w.-]+$/u),
  GITHUB_RUN_ID: z.string().regex(/^\d+$/u),
  GITHUB_TOKEN: z.string().min(1),
});

/** @throws CommandError (2) when the variables that a workflow has are not there. */
function readPlace(
  variables: Readonly<Record<string, string | undefined>>,
  dryRun: boolean,
): Omit<PullRequest, "number"> & { runUrl: string } {
  const token = dryRun ? { GITHUB_TOKEN: "none" } : {};
  const parsed = variablesSchema.safeParse({ ...variables, ...token });
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))];
    throw usageError(
      `${names.join(", ")} is not set as in a workflow`,
      "GITHUB_TOKEN has to be given in the step's env",
    );
  }
  const { GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_TOKEN } = parsed.data;
  return {
    apiUrl: GITHUB_API_URL.replace(/\/+$/u, ""),
    repository: GITHUB_REPOSITORY,
    token: GITHUB_TOKEN,
    runUrl: `${GITHUB_SERVER_URL.replace(/\/+$/u, "")}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`,
  };
}
