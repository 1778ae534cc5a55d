import type { Step } from "../engine/step";
import type { RestorePlan } from "./restore-plan";
import type { RestoreWorld } from "./world";

/** The chosen archive must outlive the restore, whatever a backup job prunes meanwhile (D6). */
export function protectArchive(plan: RestorePlan, { client }: RestoreWorld): Step {
  const { volid } = plan.archive;
  const { node } = plan.target;
  return {
    id: "protect",
    title: "Protect the chosen archive",
    does: `protect ${volid} until the restore is proven`,
    run: async () => client.backups.setArchiveProtection(node, volid, true),
    takeBack: async () => client.backups.setArchiveProtection(node, volid, false),
  };
}

/** Takes back the protection that this restore, or an earlier unproven one, has set. Nobody else's. */
export function releaseArchives(
  plan: RestorePlan,
  { client }: RestoreWorld,
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
