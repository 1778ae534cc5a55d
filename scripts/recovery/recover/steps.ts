import type { StepNode } from "../engine/step";
import { checkStep } from "./check-step";
import { dataStep } from "./data-step";
import { guestsPaths, guestsStep } from "./guests-step";
import { haStep } from "./ha-step";
import { isToldOfNames, stacksOf } from "./lacking";
import type { RecoverPlan } from "./plan";
import type { SiteSession } from "./session";
import { refreshStep, upStep } from "./stack-steps";
import { renameStateStep } from "./rename-state-step";
import { settingsStep } from "./settings-step";
import { storageStep } from "./storage-step";
import { storeStep } from "./store-step";

/**
 * The steps of a recovery, each of which runs operations with journals of their own. The guests of the environment that makes the
 * state store come before the store: its program makes nothing while a guest with backups is missing, since it would make it empty.
 */
export function recoverSteps(plan: RecoverPlan, session: SiteSession): StepNode[] {
  const { environments, store } = plan;
  const usable = environments.filter(({ trouble }) => trouble === undefined);
  const keepers = usable.filter(({ name }) => name === store?.owner);
  const others = usable.filter(({ name }) => name !== store?.owner);
  const held = haStep(usable, session);
  const first = guestsStep(guestsPaths.keepers, keepers, plan, session);
  const second = guestsStep(guestsPaths.others, others, plan, session);
  const data = dataStep(plan, session);
  const isStoreMade = store?.way === "rebuild";
  const changed = stacksOf(plan);
  const renamed = session.renamed.filter(({ environment }) => usable.some(({ name }) => name === environment));
  return [
    ...(renamed.length === 0 ? [] : [settingsStep(renamed, session)]),
    ...usable.filter(({ storage }) => storage.state === "define").map((look) => storageStep(look, session)),
    ...(held === undefined ? [] : [held]),
    ...(first === undefined ? [] : [first]),
    ...(isStoreMade ? [storeStep(store, changed, keepers, session)] : []),
    ...(second === undefined ? [] : [second]),
    ...usable
      .filter(({ renamed: isNew, locked }) => isNew === true && locked === undefined)
      .map(({ name }) => renameStateStep(name, session)),
    ...usable
      .filter((look) => changed.includes(look.name) || isToldOfNames(look))
      .map(({ name }) => refreshStep(name, session)),
    ...(changed.length === 0 ? [] : [upStep(changed, usable, session)]),
    ...(data === undefined ? [] : [data]),
    checkStep(plan, session),
  ];
}
