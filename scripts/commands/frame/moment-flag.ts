import * as z from "zod";
import { MomentError, parseMoment } from "../../../site/restore/moments";

/**
 * A time as people write it, refused before any node is asked where it is none. What it means is decided later: by the zone of the
 * node, or UTC.
 */
export const momentFlag = z.string().superRefine((text, context) => {
  try {
    parseMoment(text, "UTC");
  } catch (error) {
    if (!(error instanceof MomentError)) throw error;
    context.addIssue(error.message);
  }
});
