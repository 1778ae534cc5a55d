import { pulumiLine } from "../../../site/plain-pulumi";
import { writeEdit } from "../../project/edit-settings";
import type { CommandContext } from "../../project/context";
import { changedLines, printChangedLines } from "../../terminal/changed-lines";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { printFlags } from "../engine/plan-view";
import { confirm, forceFlag } from "../engine/settle-demands";
import type { Candidate } from "./choose-unnamed";
import { type AdoptionPlan, planAdoption } from "./make-plan";
import type { adoptionPlanShape, adoptionShape } from "./shape";

export interface AdoptionRequest {
  /** Who answers for disks that are in no backup. */
  readonly owner: string;
  /** Every guest was meant, and none by its id. */
  readonly all: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
}

/**
 * Writes guests into the settings, which is all that is changed: shows the lines, asks, writes. Nothing can be half done,
 * so that there is no journal.
 *
 * @throws CommandError (2, 13)
 */
export async function adopt(
  candidates: readonly Candidate[],
  { owner, all, force, dryRun }: AdoptionRequest,
  context: CommandContext,
): Promise<ExitCode> {
  const plans = await context.progress.step("Read their configurations", () =>
    planAdoption(candidates, { owner, all }),
  );
  if (plans.every(({ adoptions }) => adoptions.length === 0)) {
    for (const one of plans.flatMap(({ left }) => left)) context.talk.warning(`Left out: ${one}`);
    context.output.result(valueOf([]), (lines) => lines.line("There is no guest left that could be adopted."));
    return exitCodes.done;
  }
  const flags = [forceFlag];
  if (dryRun) {
    const value: ValueOf<typeof adoptionPlanShape> = { plan: { ...valueOf(plans), flags } };
    context.output.result(value, (lines) => {
      showPlans(plans, lines);
      printFlags(flags, lines);
    });
    return exitCodes.done;
  }
  showPlans(plans, context.talk);
  const files = plans.map(({ edit }) => edit.file).join(" and ");
  const question = `Write this into ${files}? The guests themselves stay as they are.`;
  await confirm([{ flag: forceFlag, reason: question, question }], { [forceFlag]: force }, context);
  for (const { edit } of plans) writeEdit(edit);
  context.output.result(valueOf(plans), (lines) => report(plans, lines));
  return exitCodes.done;
}

function showPlans(plans: readonly AdoptionPlan[], lines: Lines): void {
  for (const { edit, left } of plans) {
    for (const one of left) lines.line(`Left out: ${one}. Give one of them another name in Proxmox.`);
    lines.line(`${edit.file}:`);
    printChangedLines(changedLines(edit.before, edit.after), lines);
  }
}

function valueOf(plans: readonly AdoptionPlan[]): ValueOf<typeof adoptionShape> {
  return {
    environments: plans.map(({ edit, adoptions, until }) => ({
      environment: edit.environment,
      file: edit.file,
      guests: adoptions.map(({ name, id, disks }) => ({ name, id, disksWithoutBackup: disks })),
      optOutsUntil: adoptions.some(({ disks }) => disks.length > 0) ? until : null,
      added: changedLines(edit.before, edit.after).added,
      next: pulumiLine(edit.environment, "up"),
    })),
  };
}

function report(plans: readonly AdoptionPlan[], lines: Lines): void {
  for (const { edit, adoptions, until } of plans) {
    const guests = adoptions.map(({ name, id }) => `${name} (${String(id)})`).join(", ");
    lines.line(`Adopted into ${edit.environment}: ${guests}.`);
    for (const { name, disks } of adoptions) {
      for (const { key, volume } of disks) {
        lines.line(
          `  Disk ${key} (${volume}) of ${name} is in no backup. Decide by ${until}: previews fail afterwards.`,
        );
      }
    }
    lines.line(`To have them backed up: ${pulumiLine(edit.environment, "up")}`);
  }
}
