import * as z from "zod";
import { changesText } from "../../../../site/state/history-entry";
import type { RestorePoint } from "../../../../site/state/restore-points";
import { bytes, moment, type ValueOf } from "../../../terminal/shapes";

/** A restore point for scripts. */
export const pointShape = z.strictObject({
  id: z.string(),
  source: z
    .enum(["present", "history", "saved", "version", "backup"])
    .describe("what Pulumi works with; an update's; kept by Lifeboat; a version of an object; Pulumi's own copy"),
  time: z.number().describe("by the store's clock, in seconds since 1970, with fractions"),
  status: z.enum(["complete", "failed", "half-written", "damaged"]),
  why: z.string().nullable().describe("why it is not complete"),
  foreign: z
    .string()
    .nullable()
    .describe("what it holds that the program never makes, for which it is refused; null also where nobody has looked"),
  present: z.boolean(),
  size: bytes("of the object").nullable(),
  resources: z.number().nullable(),
  update: z
    .strictObject({
      kind: z.string(),
      message: z.string(),
      result: z.string(),
      startTime: moment("when it began"),
      endTime: moment("when it ended"),
      changes: z.record(z.string(), z.number()).describe("how many resources, by what was done"),
      commit: z.string().optional(),
    })
    .nullable(),
  pending: z.array(z.strictObject({ urn: z.string(), type: z.string() })).describe("what was under way"),
  key: z.string().nullable(),
  versionId: z.string().nullable(),
  before: z.string().nullable().describe("of one that Lifeboat kept: the point that took its place"),
});

export type PointForScripts = ValueOf<typeof pointShape>;

export function pointForScripts(point: RestorePoint): PointForScripts {
  const { id, source, time, status, why, foreign, present, state, resources, update, pending, before } = point;
  return {
    id,
    source,
    time: time / 1_000,
    status,
    why: why ?? null,
    foreign: foreign?.text ?? null,
    present,
    size: state?.size ?? null,
    resources: resources ?? null,
    update: update ?? null,
    pending: pending ?? [],
    key: state?.key ?? null,
    versionId: state?.versionId ?? null,
    before: before ?? null,
  };
}

/** What a state is, in a few words: `update "add a disk" (2 created)`. */
export function updateWords({ update, source, before }: RestorePoint): string {
  if (update !== undefined) {
    const message = update.message === "" ? "" : ` "${update.message}"`;
    return `${update.kind}${message} (${changesText(update.changes)})`;
  }
  switch (source) {
    case "saved":
      return `saved before ${before ?? "a restore"} was restored`;
    case "backup":
      return "Pulumi's own copy";
    case "version":
      return "version of the state's object";
    case "present":
      return "present state, which no update ended with";
    case "history":
      return "update without an entry";
  }
}
