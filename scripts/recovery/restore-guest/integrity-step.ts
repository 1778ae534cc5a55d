import { shellQuote } from "../../machine/shell-quote";
import { copiedSince } from "../../terminal/copied";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { otherSum } from "../../../site/restore/verification-record";
import type { Finding, Step, StepResult } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";
import { readRecord } from "../steps/guest/verified-archives";
import type { GuestWorld } from "../steps/guest/world";

/** Reads the archive from its beginning to its end, before anything is touched (D9). */
export function readArchive(plan: RestorePlan, host: string, path: string, world: GuestWorld): Step {
  const { volid, size } = plan.archive;
  return {
    id: "integrity",
    title: "Read the archive",
    does: `read ${volid} to its end on ${plan.target.node}, over SSH`,
    run: async ({ signal, progress }): Promise<StepResult> => {
      const { result, sha256 } = await world.readArchive(host, path, signal, copiedSince(size, progress));
      switch (result.kind) {
        case "whole":
          return {
            facts: { bytes: size, read: true },
            findings: await changedSince(plan, sha256, world),
          };
        case "unread":
          return {
            facts: { read: false },
            findings: [
              {
                severity: "todo",
                text: `${volid} was not read before the restore: ${result.why}`,
                mend: "lifeboat doctor",
              },
            ],
          };
        case "damaged":
          throw damagedArchive(plan, result.why, "there is no older one");
      }
    },
  };
}

/**
 * Compares the sum with the one that `lifeboat verify` has recorded. What it has called damaged since was chosen by name, and is
 * restored with that said.
 *
 * @throws CommandError (13) for what nobody knew when the plan was agreed to
 */
async function changedSince(plan: RestorePlan, sha256: string | undefined, world: GuestWorld): Promise<Finding[]> {
  const { volid, size } = plan.archive;
  const { record, isUnread } = await readRecord(world.client, plan.target.node, { volid, size });
  if (isUnread) {
    const text = `the sum of ${volid} was not compared with the one that 'lifeboat verify' has recorded: the node does not tell it`;
    return [{ severity: "todo", text, mend: `lifeboat verify --guest ${plan.environment}/${plan.guest}` }];
  }
  if (record?.sha256 === undefined || sha256 === undefined || record.sha256 === sha256) return [];
  if (record.damage !== undefined) return [{ severity: "problem", text: `${volid} is restored as it is: ${otherSum}` }];
  const selector = `${plan.environment}/${plan.guest}`;
  const named = `lifeboat verify --guest ${selector}, then lifeboat restore guest ${selector} --archive ${shellQuote(volid)}`;
  throw damagedArchive(plan, otherSum, `to restore it as it is: ${named}`);
}

/** @param otherwise what to do where there is no older archive */
function damagedArchive({ archive, environment, guest }: RestorePlan, why: string, otherwise: string): CommandError {
  const selector = `${environment}/${guest}`;
  return new CommandError(`${archive.volid} is damaged: ${why}`, {
    exitCode: exitCodes.refused,
    hint:
      archive.older === undefined
        ? `${otherwise}; see all archives: lifeboat backups ${selector}`
        : `restore the next older one: lifeboat restore guest ${selector} --archive ${shellQuote(archive.older)}`,
  });
}
