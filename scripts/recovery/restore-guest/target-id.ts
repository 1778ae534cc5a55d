import type { ProxmoxClient } from "../../../proxmox/api/client";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { isOpen } from "../engine/journal";
import type { GuestSession } from "../engine/session";
import type { DeclaredIds } from "../steps/guest/declared-ids";
import { type IdTraces, tracesOf, untracedId } from "../steps/guest/id-traces";
import { restorePlanSchema } from "../steps/guest/plan";
import { isRestore } from "./journals";

/** The id of a copy that was asked for: a number, or the lowest one that nothing knows. */
export type WantedId = number | "next";

/** What is known of the id of a copy. */
export interface TargetId {
  /** Undefined: it is no copy. */
  readonly targetId: number | undefined;
  /** The id of the copy is free; true without one. */
  readonly targetIsFree: boolean;
  /** What the id of the copy stands for although it is free. */
  readonly targetTraces: IdTraces;
  /** The lowest id that is free in the whole cluster and that nothing knows, as it is offered; `ID` where there is none. */
  readonly freeId: string;
}

/** Where an id is looked for. */
export interface IdSearch {
  readonly node: string;
  readonly declared: DeclaredIds;
  /** Asked for an id that is to be used: false where another copy of this machine's runs has it. */
  readonly takeId?: ((vmid: number) => boolean) | undefined;
}

const noTraces: IdTraces = { known: [], unknown: [], elsewhere: [] };

/** Looks into the id that was asked for, or finds one. @throws CommandError (13, 14) where none can be given */
export async function findTargetId(
  client: ProxmoxClient,
  wanted: WantedId | undefined,
  { node, declared, takeId }: IdSearch,
): Promise<TargetId> {
  if (wanted === "next") return nextId(client, { node, declared, takeId });
  const [targetIsFree, targetTraces, offered] = await Promise.all([
    wanted === undefined ? true : client.cluster.isFree(wanted),
    wanted === undefined ? noTraces : tracesOf(client, { node, vmid: wanted }, declared),
    untracedId(client, node, declared),
  ]);
  return { targetId: wanted, targetIsFree, targetTraces, freeId: offered === undefined ? "ID" : String(offered.vmid) };
}

/** Nobody has named the id, and so nobody can be asked whether it may be another's: what is not known refuses. */
async function nextId(client: ProxmoxClient, { node, declared, takeId }: IdSearch): Promise<TargetId> {
  const found = await untracedId(client, node, declared, takeId);
  if (found === undefined) {
    throw new CommandError(
      "none of the lowest ids without a guest is unused: archives, jobs, disks or settings have them",
      {
        exitCode: exitCodes.refused,
        hint: "name one instead: --target-id ID",
      },
    );
  }
  const { vmid, traces } = found;
  if (traces.unknown.length > 0) {
    throw new CommandError(`whether any id is unused is not known: ${traces.unknown.join(", ")}`, {
      exitCode: exitCodes.unavailable,
      hint: `mend that, or name an id of which you know it: --target-id ${vmid} --reuse-id=${vmid}`,
    });
  }
  return { targetId: vmid, targetIsFree: true, targetTraces: traces, freeId: String(vmid) };
}

/** Ids of copies that other restores of this machine have begun and not made yet. */
export function promisedIds({ state, guest }: Pick<GuestSession, "state" | "guest">): ReadonlySet<number> {
  const others = state
    .readAll()
    .journals.filter((journal) => isOpen(journal) && isRestore(journal) && journal.contents.guest?.id !== guest.id);
  return new Set(
    others.flatMap(({ contents }) => {
      const { data } = restorePlanSchema.safeParse(contents.plan);
      return data?.mode === "beside" ? [data.target.vmid] : [];
    }),
  );
}
