import { storageOf } from "../../../proxmox/rules/volume-ids";
import type { Journal } from "../engine/journal";
import { keptFact } from "../engine/kept";
import type { Step } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";
import { whyNotWhole } from "../steps/guest/whole-guest";
import { whyUnseen } from "../steps/guest/unseen-backups";
import type { GuestWorld } from "../steps/guest/world";
import { restorePath } from "./restore-step";

/** The chosen archive must outlive the restore, whatever a backup job prunes meanwhile (D6). */
export function protectArchive(plan: RestorePlan, { client, meant }: GuestWorld): Step {
  const { volid } = plan.archive;
  const { node } = plan.target;
  return {
    id: "protect",
    title: "Protect the chosen archive",
    does: `protect ${volid} until the restore is proven`,
    undoes: () => ({ does: `release the protection of ${volid}` }),
    run: async () => client.backups.setArchiveProtection(node, volid, true),
    // What was released since may have been protected again by somebody else.
    takeBack: async (context) => {
      if (context.factsOf("release")["released"] === true) return;
      const wasStarted = context.factsOf(restorePath)["upid"] !== undefined;
      const mayBeGone = plan.mode === "in-place" && (wasStarted || plan.present !== undefined);
      const why = mayBeGone ? await whyNotWhole(client, plan.target, meant) : undefined;
      if (why !== undefined) {
        context.note(keptFact(`${volid} stays protected, because ${plan.guest} is not back: ${why}`));
        return;
      }
      const unseen = await whyUnseen(client, node, storageOf(volid));
      if (unseen !== undefined) {
        context.note(keptFact(`${volid} may still be protected: ${unseen}`));
        return;
      }
      await client.backups.setArchiveProtection(node, volid, false);
    },
  };
}

/** Takes back the protection that this restore, or an earlier unproven one, has set. Nobody else's. */
export function releaseArchives(
  plan: RestorePlan,
  { client }: GuestWorld,
  volids: readonly string[],
  checkPaths: readonly string[],
): Step {
  const { node } = plan.target;
  return {
    id: "release",
    title: "Release the archive's protection",
    does: `release the protection of ${volids.join(", ")}`,
    run: async (context) => {
      if (checkPaths.some((path) => context.factsOf(path)["proven"] === false)) {
        const text = `${volids.join(", ")} stays protected, because ${plan.guest} is not proven; the next restore or undo that succeeds releases it.`;
        return { facts: { released: false }, findings: [{ severity: "note", text }] };
      }
      for (const volid of volids) await client.backups.setArchiveProtection(node, volid, false);
      return { facts: { released: true } };
    },
  };
}

/**
 * Archives that restores of a guest have protected and not released: of one that ended unproven, or half-way.
 *
 * @param journals of the guest's restores with their plans, newest first.
 */
export function leftProtected(
  journals: readonly { readonly journal: Journal; readonly plan: RestorePlan }[],
): string[] {
  const volids = new Set<string>();
  for (const { journal, plan } of [...journals].reverse()) {
    const { state, facts } = journal.record("protect") ?? {};
    const isSet = state !== undefined && (state !== "taken-back" || facts?.["kept"] !== undefined);
    if (plan.archive.protect && isSet) volids.add(plan.archive.volid);
    if (journal.factsOf("release")["released"] !== true) continue;
    for (const volid of [plan.archive.volid, ...plan.releaseAlso]) volids.delete(volid);
  }
  return [...volids];
}
