import * as z from "zod";

/** Key of the text that says, beside the copy of an environment's state, what the copy is. */
export const markerKey = "lifeboat-copy.json";

/** Raised when older markers cannot be read any more. */
const markerVersion = 1;

const moment = z.iso.datetime().transform((text) => Date.parse(text));

/**
 * What a copy is. Written last, so that what it tells of is there. The copier in the store's container, which has no
 * Pulumi and no Node, leaves out what only a look into the state tells.
 */
export const copyMarkerSchema = z.object({
  version: z.literal(markerVersion),
  project: z.string(),
  environment: z.string(),
  /** When the copy was made, milliseconds since 1970. */
  time: moment,
  by: z.enum(["command", "timer"]),
  /** What was copied: a bucket or a folder, for people. */
  from: z.string(),
  checkpoint: z.object({
    /** Its key, below the copy as in the store. */
    object: z.string(),
    /** Bytes. */
    size: z.number(),
    sha256: z.string(),
    /** When it was written to the store, by the store's clock, milliseconds since 1970. */
    modified: moment,
    /** When Pulumi made this state, milliseconds since 1970. */
    made: moment.exactOptional(),
    /** Pulumi's version. */
    pulumi: z.string().exactOptional(),
  }),
  /** The last update that ended before. */
  update: z
    .object({ kind: z.string(), result: z.string(), ended: moment, message: z.string().exactOptional() })
    .exactOptional(),
  /** Nanoseconds in the name of the newest entry of the history that was copied with it. */
  newest: z.string().exactOptional(),
  /** An update was at work while it was copied, or had died: the state may be one from its middle. */
  duringUpdate: z.boolean(),
});

export type CopyMarker = z.infer<typeof copyMarkerSchema>;

/** The marker in these bytes; undefined when they are none of this version. */
export function parseMarker(text: string): CopyMarker | undefined {
  try {
    const parsed = copyMarkerSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** How a marker is written. */
export function formatMarker({ time, checkpoint, update, ...rest }: Omit<CopyMarker, "version">): string {
  const { modified, made, ...object } = checkpoint;
  const marker = {
    version: markerVersion,
    ...rest,
    time: isoTime(time),
    checkpoint: { ...object, modified: isoTime(modified), ...(made === undefined ? {} : { made: isoTime(made) }) },
    ...(update === undefined ? {} : { update: { ...update, ended: isoTime(update.ended) } }),
  };
  return `${JSON.stringify(marker, undefined, 2)}\n`;
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
