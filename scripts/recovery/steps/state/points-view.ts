import { changesText } from "../../../../site/state/history-entry";
import type { RestorePoint } from "../../../../site/state/restore-points";

/** A restore point for scripts. */
export interface PointForScripts {
  readonly id: string;
  readonly source: RestorePoint["source"];
  /** Unix seconds, with fractions. */
  readonly time: number;
  readonly status: RestorePoint["status"];
  readonly why: string | null;
  readonly present: boolean;
  /** Bytes of the object. */
  readonly size: number | null;
  readonly resources: number | null;
  readonly update: RestorePoint["update"] | null;
  readonly pending: NonNullable<RestorePoint["pending"]>;
  readonly key: string | null;
  readonly versionId: string | null;
  /** For one that Lifeboat saved: the point that took its place. */
  readonly before: string | null;
}

export function pointForScripts(point: RestorePoint): PointForScripts {
  const { id, source, time, status, why, present, state, resources, update, pending, before } = point;
  return {
    id,
    source,
    time: time / 1_000,
    status,
    why: why ?? null,
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
