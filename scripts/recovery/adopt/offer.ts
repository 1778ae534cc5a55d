import { writeEdit } from "../../project/edit-settings";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { changedLines, printChangedLines } from "../../terminal/changed-lines";
import { counted } from "../../terminal/text";
import { chooseAllUnnamed } from "./choose-unnamed";
import { planAdoption } from "./make-plan";
import { endOfFinding, findGuests } from "./unnamed-guests";

/** What came of an offer. */
export interface OfferedGuests {
  readonly adopted: readonly { readonly name: string; readonly id: number }[];
  /** How many no settings name. */
  readonly unnamed: number;
}

export const nobody: OfferedGuests = { adopted: [], unnamed: 0 };

/**
 * Offers every guest that no settings name: shows what would be written, asks, writes. Nobody who can be asked, and no flag, is a no:
 * it can be said later.
 *
 * @param all the answer is given already
 */
export async function offerAll(
  environment: LoadedEnvironment,
  { owner, all }: { readonly owner: string; readonly all: boolean },
  { progress, prompts, talk }: CommandContext,
): Promise<OfferedGuests> {
  const seen = await progress.step(
    `look at the guests of ${environment.name}`,
    () => findGuests([environment], [environment]),
    endOfFinding,
  );
  const [plan] = await planAdoption(chooseAllUnnamed(seen, environment.name), { owner, all: true });
  for (const one of plan?.left ?? []) talk.warning(`${one}; give one of them another name in Proxmox`);
  if (plan === undefined || plan.adoptions.length === 0) return { adopted: [], unnamed: plan?.left.length ?? 0 };
  const left = plan.left.length;
  const guests = plan.adoptions.map(({ name, id }) => ({ name, id }));
  const isWanted = all || prompts.canAsk;
  if (!isWanted) return { adopted: [], unnamed: guests.length + left };
  talk.line(`${counted(guests.length, "guest")} that no settings name:`);
  printChangedLines(changedLines(plan.edit.before, plan.edit.after), talk);
  const text = `Adopt ${counted(guests.length, "guest")}, to have them backed up? They themselves stay as they are.`;
  if (!all && !(await prompts.confirm({ text, flag: "--adopt-all" })))
    return { adopted: [], unnamed: guests.length + left };
  writeEdit(plan.edit);
  return { adopted: guests, unnamed: left };
}
