import type { GuestSession } from "../engine/session";
import { planPointInTime } from "../point-in-time/make-plan";
import { archiveInput } from "./archive-steps";
import { demandsOf, effectsOn, itemPlan, placesOf, type PlannedRestoreData, restoreDataInputs } from "./make-plan";
import type { RestoreDataPlan } from "./plan";
import { isSamePlace, type RestoreDataRequest, type RestorePoint } from "./request";

/**
 * Looks into the archive of the cluster, and decides: one database comes back as it was at a point in time. Changes nothing.
 *
 * @throws CommandError (2, 10, 12, 13, 14), GuestUnreachable
 */
export async function planFromArchive(
  session: GuestSession,
  request: RestoreDataRequest,
  { wish, timeline }: RestorePoint & { readonly kind: "archive" },
): Promise<PlannedRestoreData> {
  const { from, to, recovery, names, given, command } = request;
  const [name] = names;
  if (recovery === undefined || name === undefined || !isSamePlace(from, to)) throw new Error("it has no archive");
  const { signal } = session.context;
  const now = await (await to.program()).clock(signal);
  const asked = { source: to.source.name, wish, timeline, question: undefined, program: recovery, given, command };
  const { plan: archive } = await planPointInTime(session, asked);
  // What is in it is known when it is loaded.
  const unknown = { file: "", bytes: 0, sha256: "", plainBytes: 0, plainSha256: "", counts: {} };
  const items = [await itemPlan({ type: "database", name, ...unknown }, request, signal)];
  const plan: RestoreDataPlan = {
    ...placesOf(session, request),
    dump: archive.backup.label,
    time: archive.backup.stop,
    archive,
    encrypted: false,
    ...effectsOn(items, request),
  };
  const inputs = restoreDataInputs(archiveInput(archive), to.source, items);
  return { plan, demands: demandsOf(plan, request, now), inputs, remarks: [], now };
}
