import { newerData } from "../../inspect/data/newer-data";
import { readCopies } from "../../inspect/data/read-copies";
import { declaredSources } from "../../inspect/data/read-source";
import type { DataCopy } from "../../recovery/recover/plan";
import type { BringData, LookForCopies, LookForData } from "../../recovery/recover/session";
import { pointInTimeSchema, recoverToPoint } from "./point-in-time-flags";
import { restoreData, restoreDataSchema } from "./restore-data-flags";

/** A recovery of the site looks for data, and restores them, as the commands do that are named for it: each resumes what the other began. */

export const lookForData: LookForData = async (guests, before, context) =>
  newerData(await context.site(), guests, before, context);

export const bringData: BringData = ({ guest, source }, from, context) => {
  const answers = { guest, force: true };
  if (from.kind === "point") {
    const { xid, timeline } = from;
    return recoverToPoint(pointInTimeSchema.parse({ ...answers, source, xid, timeline, wholeCluster: true }), context);
  }
  const { dump, isElsewhere, database } = from;
  const place = isElsewhere ? { from: "offsite" } : {};
  const flags = restoreDataSchema.parse({ ...answers, disconnect: true, dump, ...place });
  const wish =
    database === undefined
      ? {
          words: ["lifeboat", "restore", "files"],
          behind: [source],
          names: [],
          what: `files of ${source}`,
          kinds: ["files"] as const,
          isWanted: () => true,
        }
      : {
          words: ["lifeboat", "restore", "database"],
          behind: [database, "--source", source],
          names: [database],
          what: `database ${database}`,
          kinds: ["postgres", "mariadb"] as const,
          isWanted: ({ type, name }: { readonly type: string; readonly name: string }) =>
            type === "database" && name === database,
        };
  return restoreData({ ...wish, source }, flags, context);
};

export const lookForCopies: LookForCopies = async (selector, context) => {
  const { environment, guest } = (await context.site()).findGuest(selector);
  return Promise.all(
    declaredSources(environment, [guest]).map(async (declared): Promise<DataCopy> => {
      const { source } = declared;
      const isArchived = source.kind === "postgres" && source.pointInTime !== undefined;
      const base = { source: source.name, kind: source.kind, ...(isArchived ? { wal: true as const } : {}) };
      if (environment.settings.offsite === undefined) return base;
      const { unseen, dumps, bucket } = await readCopies(declared, context.signal);
      if (unseen !== null) return { ...base, unseen };
      const [newest] = dumps;
      if (newest === undefined) return base;
      const { dump, time, encrypted } = newest;
      return { ...base, dump, time, encrypted, ...(bucket === null ? {} : { bucket }) };
    }),
  );
};
