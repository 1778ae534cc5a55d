import { z } from "zod";
import { answersOf, commandLine, restoreFlags, restoreFlagsSchema } from "../recovery/guests/command-flags";
import { conductUndo } from "../recovery/guests/conduct-undo";
import { restoresAmong } from "../recovery/guests/restore-journals";
import { journalsOf, openSession, takeLock } from "../recovery/session";
import { defineCommand } from "./frame/command";

/** Ids of operations begin with the guest's: `101-20261120T201314000`. */
const operationPattern = /^(\d+)-\d{8}T\d{9}(?:-\d+)?$/u;

export const command = defineCommand({
  description:
    "Takes the last restore of a guest back: restores its save point, deletes a copy, or undoes what an interrupted restore had prepared. Works from any machine: what it needs is in the save point's notes.",
  examples: [
    { command: "lifeboat undo web", meaning: "show what would be taken back, ask, do it" },
    { command: "lifeboat undo web --force --stop", meaning: "without questions, for scripts" },
  ],
  arguments: [{ name: "guest", description: "id, name, environment/name, or the id of an operation", required: true }],
  options: restoreFlags,
  input: restoreFlagsSchema.extend({ guest: z.string() }),
  aim: ({ guest }) => `undo the restore of ${guest}`,
  interrupt: "clean",
  run: async (input, context) => {
    const vmid = operationPattern.exec(input.guest)?.[1];
    const session = await openSession(vmid ?? input.guest, context, input.dryRun);
    const operation = vmid === undefined ? undefined : input.guest;
    const command = commandLine(["lifeboat", "undo", operation ?? session.selector], input);
    if (!input.dryRun) takeLock(session, command);
    const restores = restoresAmong(journalsOf(session));
    const given = answersOf(input);
    return conductUndo(session, { operation, given, checkSeconds: input.checkTimeout, command }, restores);
  },
});
