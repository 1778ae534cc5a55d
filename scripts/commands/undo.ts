import * as z from "zod";
import { answersOf, commandLine, restoreFlags, restoreFlagsSchema } from "./frame/restore-flags";
import { runOne } from "../recovery/engine/run-one";
import { forgetOperation } from "../recovery/forget/operation";
import { inSettings, openLeftOrDeclared } from "../recovery/engine/left-guest";
import { isUndoable, undoRestore } from "../recovery/undo/operation";
import { type GuestSession, openSession } from "../recovery/engine/session";
import { forceFlag } from "../recovery/engine/settle-demands";
import { journalsOf } from "../recovery/engine/session";
import { restoreDataShapes } from "../recovery/restore-data/plan";
import { isUndoableData, undoData } from "../recovery/restore-data/undo";
import { named } from "../recovery/engine/shapes";
import { identityOf } from "./frame/restore-data-flags";
import { undoShapes } from "../recovery/undo/shape";
import { forgetShapes } from "../recovery/forget/plan";
import { defineCommand } from "./frame/command";
import type { ExitCode } from "../terminal/exit-codes";

/** Ids of operations begin with the guest's: `101-20261120T201314000`. */
const operationPattern = /^(\d+)-\d{8}T\d{9}(?:-\d+)?$/u;

export const command = defineCommand({
  description:
    "Takes back the last restore of a guest, or of data in it: restores its save point, deletes a copy, or undoes what an interrupted restore had prepared. Works from any machine: what it needs is in the save point's notes. Save points stay until you give them up with --forget.",
  examples: [
    { command: "lifeboat undo web", meaning: "show what would be taken back, ask, do it" },
    { command: "lifeboat undo web --force --stop", meaning: "without questions, for scripts" },
    { command: "lifeboat undo web --forget --older-than 30", meaning: "delete save points that nobody needs" },
  ],
  arguments: [{ name: "guest", description: "id, name, environment/name, or the id of an operation", required: true }],
  options: [
    { flags: "--forget", description: "give up the way back: delete the guest's save points" },
    { flags: "--older-than <days>", description: "with --forget: only those that are older" },
    ...restoreFlags,
    { flags: "--disconnect", description: "of data: end the connections to what is replaced" },
    { flags: "--identity <file>", description: "of data: age identities that open an encrypted dump" },
  ],
  input: restoreFlagsSchema
    .extend({
      disconnect: z.boolean().default(false),
      identity: z.string().optional(),
      guest: z.string(),
      forget: z.boolean().default(false),
      olderThan: z.coerce.number().min(0).max(36_500).optional(),
    })
    .refine(({ forget, olderThan }) => forget || olderThan === undefined, { error: "--older-than goes with --forget" }),
  aim: ({ guest, forget }) => (forget ? `forget the save points of ${guest}` : `undo the restore of ${guest}`),
  interrupt: "clean",
  prints: { ...undoShapes, ...named(restoreDataShapes, "of data that is restored"), ...forgetShapes },
  run: async (input, context) => {
    const vmid = operationPattern.exec(input.guest)?.[1];
    const named = vmid ?? input.guest;
    if (input.forget) {
      const ofSettings = await inSettings([named], context, () => openSession(named, context, input.dryRun));
      return forget(ofSettings, input);
    }
    const session = await openLeftOrDeclared(
      named,
      context,
      input.dryRun,
      (journal) => isUndoable(journal) || isUndoableData(journal),
    );
    const operation = vmid === undefined ? undefined : input.guest;
    const words = ["lifeboat", "undo", operation ?? session.selector];
    if (isOfData(session, operation)) {
      const given = { ...answersOf(input), "--disconnect": input.disconnect };
      const own = [
        ...(input.identity === undefined ? [] : ["--identity", input.identity]),
        ...(input.disconnect ? ["--disconnect"] : []),
      ];
      const identity = identityOf(input, context);
      return undoData(session, { operation, identity, given, command: commandLine([...words, ...own], input) });
    }
    const command = commandLine(words, input);
    return undoRestore(session, { operation, given: answersOf(input), checkSeconds: input.checkTimeout, command });
  },
});

/** Whether what is taken back, the operation that is named or else the last one, was of data in the guest. */
function isOfData(session: GuestSession, operation: string | undefined): boolean {
  const last = journalsOf(session).find((journal) => {
    const isMeant = operation === undefined || journal.contents.id === operation;
    return isMeant && (isUndoable(journal) || isUndoableData(journal));
  });
  return last !== undefined && isUndoableData(last);
}

function forget(
  session: GuestSession,
  { olderThan, force }: { readonly olderThan?: number | undefined; readonly force: boolean },
): Promise<ExitCode> {
  const words = ["lifeboat", "undo", session.selector, "--forget"];
  const command = [
    ...words,
    ...(olderThan === undefined ? [] : ["--older-than", String(olderThan)]),
    ...(force ? [forceFlag] : []),
  ].join(" ");
  return runOne(session, forgetOperation(session, { olderThan, given: { [forceFlag]: force }, command }));
}
