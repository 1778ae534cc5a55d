import * as z from "zod";
import { durationFormat, parseDuration } from "../../../site/settings/values/durations";

/** `--for 2h`: the time, and the word itself for commands that are printed. */
export const durationFlag = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return { seconds, word: text.replaceAll(" ", "") };
  context.addIssue(`'${text}' is no duration: write ${durationFormat}`);
  return z.NEVER;
});
