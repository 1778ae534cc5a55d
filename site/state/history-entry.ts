import * as z from "zod";

/** What Pulumi notes about an operation when it has ended. */
export interface UpdateInfo {
  /** `update`, `refresh`, `destroy`, `import`, … */
  readonly kind: string;
  /** What was given with `--message`, or the title of the last commit; first line. */
  readonly message: string;
  /** `succeeded`, `failed`, … */
  readonly result: string;
  /** Unix seconds; 0 where it is not known. */
  readonly startTime: number;
  readonly endTime: number;
  /** By what was done: `{ create: 2, same: 3 }`. */
  readonly changes: Readonly<Record<string, number>>;
  /** Commit of the program, where Pulumi saw one. */
  readonly commit?: string;
}

// The settings that were used stand in there too. They are not read: nobody needs them to choose a point.
const entrySchema = z.object({
  kind: z.string(),
  message: z.string().nullish(),
  result: z.string().nullish(),
  startTime: z.number().nullish(),
  endTime: z.number().nullish(),
  environment: z.record(z.string(), z.unknown()).nullish(),
  resourceChanges: z.record(z.string(), z.number()).nullish(),
});

/** @param text the content of a `.history.json`, unpacked. Undefined when it is none. */
export function parseHistoryEntry(text: string): UpdateInfo | undefined {
  const parsed = entrySchema.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const { kind, message, result, startTime, endTime, environment, resourceChanges } = parsed.data;
  const commit = environment?.["git.head"];
  return {
    kind,
    message: message?.split("\n", 1)[0] ?? "",
    result: result ?? "",
    startTime: startTime ?? 0,
    endTime: endTime ?? 0,
    changes: resourceChanges ?? {},
    ...(typeof commit === "string" && commit !== "" ? { commit } : {}),
  };
}

/** How the past tense of an operation reads; others stand as they are. */
const words: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  refresh: "refreshed",
  import: "imported",
  same: "unchanged",
};

/** Steps of a replacement, which is counted as one by `replace`. */
const parts: ReadonlySet<string> = new Set(["create-replacement", "delete-replaced"]);

/** What an update did, most telling first: `2 created, 1 deleted`; `nothing changed`. */
export function changesText(changes: Readonly<Record<string, number>>): string {
  const told = Object.entries(changes).filter(([step, count]) => count > 0 && step !== "same" && !parts.has(step));
  if (told.length === 0) return "nothing changed";
  return told.map(([step, count]) => `${String(count)} ${words[step] ?? step}`).join(", ");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
