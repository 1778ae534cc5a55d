import { messageOf } from "../../machine/error-code";
import type { Journal } from "./journal";
import { type Observer, contextOf } from "./observer";
import { type PlacedStep, undoingOf } from "./step";

/**
 * Takes back every step that was begun, the last one first, and goes on past one that cannot be taken back.
 *
 * @returns what could not be taken back, one sentence each. Then the operation stays `taking-back`, and the next run
 *   tries again; otherwise it is `taken-back`.
 */
export async function takeBack(
  steps: readonly PlacedStep[],
  journal: Journal,
  { signal, observer }: { readonly signal: AbortSignal; readonly observer: Observer },
): Promise<string[]> {
  journal.setState("taking-back");
  const leftovers: string[] = [];
  for (const placed of [...steps].reverse()) {
    const record = journal.record(placed.path);
    if (record === undefined || record.state === "taken-back") continue;
    try {
      const { step } = placed;
      const undo = async (update: (text: string) => void) =>
        step.takeBack?.(contextOf(placed, journal, signal, update));
      const undoing = undoingOf(step, journal.factsOf(placed.path));
      // What does nothing is not shown; it may still have to wait for somebody, or to say what is kept.
      if (undoing !== "nothing" && "does" in undoing) await observer.takeBack(placed, undo);
      else await undo(() => undefined);
      journal.stepTakenBack(placed.path);
    } catch (error) {
      leftovers.push(`${placed.step.title}: ${messageOf(error)}`);
    }
  }
  if (leftovers.length === 0) journal.setState("taken-back");
  return leftovers;
}
