import type { GivenAnswers } from "../engine/consent";
import type { StoredObject } from "../../clients/object-store/object-store";
import type { Operation } from "../engine/operation";
import type { StackSession } from "../engine/session";
import { chooseListedPoint } from "../steps/state/choose-listed-point";
import { compareState } from "../steps/state/compare-state";
import { lookAgainAtState } from "../steps/state/look-again";
import { rememberSeen } from "../steps/state/seen-state";
import type { StateAccess } from "../steps/state/state-access";
import { planStateRestore, type PointWish } from "./make-plan";
import { outdatedRestore } from "./outdated";
import { type RestoreStatePlan, restoreStateKind, restoreStatePlanSchema } from "./plan";
import { restoreStateSteps, writePath } from "./steps";
import { alreadyPresent, stateRestoreReport, stateRestoreView } from "./view";

/** What `lifeboat restore state --to` was asked for. */
export interface StateRestoreRequest {
  readonly wish: PointWish;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** An earlier state of a stack becomes the present one, which is kept as a restore point (E2). */
export function restoreStateOperation(
  session: StackSession,
  access: StateAccess,
  { wish, given, command }: StateRestoreRequest,
): Operation<RestoreStatePlan> {
  const { selector, state } = session;
  // Only what the site's store holds is what a fallback asks for.
  const remember = (object: StoredObject, sha256: string): void =>
    access.root === undefined ? undefined : rememberSeen(state, object, sha256);
  const comparePulumi = (signal: AbortSignal) => compareState(session, signal);
  return {
    kind: restoreStateKind,
    name: `restore of the state of ${selector}`,
    schema: restoreStatePlanSchema,
    request: { to: wish.to },
    command,
    given,
    plan: async () => {
      const planned = await planStateRestore(session, access, wish);
      const { plan, point, demands, inputs } = planned;
      if (plan === undefined) return { nothing: alreadyPresent(selector, point) };
      return { plan, demands, inputs, view: stateRestoreView(plan, planned) };
    },
    steps: (plan, { inputs }) => restoreStateSteps(plan, { access, remember, comparePulumi }, inputs),
    report: stateRestoreReport,
    outdated: (open) => outdatedRestore(open, access, session.dryRun),
    lookAgain: ({ point }, open) =>
      lookAgainAtState(open, writePath, async () => {
        const { id, state } = await chooseListedPoint(access, wish.to, wish.versions);
        const isSame = state.key === point.key && state.versionId === point.versionId;
        return isSame ? undefined : `'${wish.to}' means another restore point now: ${id}`;
      }),
    meaning: ({ environment, point }, { position }, { contents }) => {
      if (position !== "committed") return { text: `the state of ${environment} is as it was.` };
      // Only in the site's store can another key, or another place, be tried.
      const away = `; or go on without the store: lifeboat state fallback ${environment} --although-store-answers`;
      return {
        text: `the state of ${environment} is ${point.id}, or as it was.`,
        hint: `to resume: ${contents.command}${access.root === undefined ? "" : away}`,
      };
    },
  };
}
