import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type DrillMark, readDrillMark, verdictOn } from "../../../site/drill/mark";
import type { DrillSettings, Guest } from "../../../site/settings/environment";
import type { Proof } from "../../recovery/drill/history";
import { type LastProof, lastProofs, type NotedArchive, timeOf } from "../../recovery/drill/last-proofs";
import { unless } from "../../recovery/steps/guest/inspect-present";
import { formatAgo } from "../../terminal/durations";
import type { JournalStatus } from "./unfinished";

/** What the last drill of a guest has found. */
export interface DrillStatus {
  /** `unknown`: not all notes could be read that might say so. */
  result: "proven" | "failed" | "never" | "unknown";
  /** Unix seconds. */
  time: number | undefined;
  ageSeconds: number | undefined;
}

/** A guest that carries a drill's mark. */
interface MarkedCopy {
  readonly vmid: number;
  readonly node: string;
  readonly mark: DrillMark;
}

/** What an environment's nodes tell of drills. */
export interface DrillFacts {
  readonly proofs: ReadonlyMap<number, LastProof>;
  readonly copies: readonly MarkedCopy[];
}

/** Of an environment whose settings have no drill, nothing is asked. */
export async function readDrills(
  client: ProxmoxClient,
  { drill, guests }: { readonly drill?: DrillSettings | undefined; readonly guests: readonly Guest[] },
  listed: readonly NodeGuest[],
  { archivesOf, history }: { archivesOf: (id: number) => readonly NotedArchive[]; history: readonly Proof[] },
): Promise<DrillFacts> {
  if (drill === undefined) return { proofs: new Map(), copies: [] };
  const { from, to } = drill.ids;
  const ids = guests.filter(({ optOut }) => optOut === undefined).map(({ id }) => id);
  const inRange = listed.filter(({ vmid }) => vmid >= from && vmid <= to);
  const [proofs, copies] = await Promise.all([
    lastProofs(client, ids, archivesOf, history),
    Promise.all(
      inRange.map(async ({ vmid, node, type }): Promise<MarkedCopy[]> => {
        // It may have been destroyed since, and one that is somebody's is told as every other guest is.
        const keys = await unless(["gone", "forbidden"], client.guests.guestConfig({ vmid, node, type }));
        const mark = readDrillMark(keys?.["description"]);
        return mark === undefined ? [] : [{ vmid, node, mark }];
      }),
    ),
  ]);
  return { proofs, copies: copies.flat() };
}

/** Undefined: the settings have no drill, or no backup of it. */
export function drillStatus({ id }: Pick<Guest, "id">, { proofs }: DrillFacts, now: number): DrillStatus | undefined {
  const last = proofs.get(id);
  if (last === undefined) return undefined;
  const { proof, isCertain } = last;
  if (proof === undefined) return { result: isCertain ? "never" : "unknown", time: undefined, ageSeconds: undefined };
  const time = timeOf(proof);
  return { result: proof.proven ? "proven" : "failed", time, ageSeconds: Math.max(0, now - time) };
}

export function drillProblems(status: DrillStatus | undefined, selector: string): string[] {
  if (status?.result !== "failed") return [];
  return [
    `the last drill (${formatAgo(status.ageSeconds ?? 0)}) has not proven its backup: lifeboat drill ${selector}`,
  ];
}

/** Copies whose drill is over. Those of one that may be at work are nobody's trouble. */
export function leftoverProblems(
  { copies }: DrillFacts,
  { unfinished }: JournalStatus,
  { environment, now }: { readonly environment: string; readonly now: number },
): string[] {
  return leftCopies({ copies }, unfinished, now).map(
    ({ vmid, node, mark }) =>
      `guest ${String(vmid)} on ${node} is a copy that a drill of ${mark.by} has left: the next lifeboat drill --env ${environment} deals with it`,
  );
}

/** Those that no drill is at work on any more. @param now the node's clock, unix seconds */
export function leftCopies(
  { copies }: Pick<DrillFacts, "copies">,
  unfinished: JournalStatus["unfinished"],
  now: number,
): MarkedCopy[] {
  return copies.filter(({ mark }) => {
    const own = unfinished.find(({ operation }) => operation === mark.operation);
    return own === undefined ? verdictOn(mark, false, now) !== "alive" : own.process === undefined;
  });
}
