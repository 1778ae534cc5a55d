import * as z from "zod";
import { MomentError, parseInstant, parseMoment } from "../../../site/restore/moments";

/**
 * A time as people write it, refused before any node is asked where it is none. What it means is decided later: by the zone of the
 * node, or UTC.
 */
export const momentFlag = readBy((text) => parseMoment(text, "UTC"));

/** A time to the minute or better: a day is no point. */
export const instantFlag = readBy(parseInstant);

function readBy(read: (text: string) => number) {
  return z.string().superRefine((text, context) => {
    try {
      read(text);
    } catch (error) {
      if (!(error instanceof MomentError)) throw error;
      context.addIssue(error.message);
    }
  });
}
