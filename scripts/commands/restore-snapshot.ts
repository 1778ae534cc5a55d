import * as z from "zod";
import { inSettings } from "../recovery/engine/left-guest";
import { answersOf, commandLine, restoreFlags, restoreFlagsSchema } from "./frame/restore-flags";
import { runOne } from "../recovery/engine/run-one";
import { openSession } from "../recovery/engine/session";
import { rollbackOperation } from "../recovery/rollback/operation";
import { rollbackShapes } from "../recovery/rollback/plan";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Rolls a guest back to one of its snapshots: disks and configuration. The present state is kept first, as another snapshot, or as a save point where the storage does not allow that (ZFS); the report names the command that goes back to it.",
  examples: [
    { command: "lifeboat snapshots web", meaning: "which snapshots are there?" },
    {
      command: "lifeboat restore snapshot web before-update --dry-run",
      meaning: "show the plan and what would be lost",
    },
    { command: "lifeboat restore snapshot web before-update", meaning: "show the plan, ask, roll back" },
    {
      command: "lifeboat restore snapshot web before-update --force --stop",
      meaning: "without questions, for scripts",
    },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name", required: true },
    { name: "snapshot", description: "name of the snapshot; 'lifeboat snapshots' lists them", required: true },
  ],
  options: restoreFlags.map((option) =>
    option.flags === "--accept-loss"
      ? { ...option, description: "lose newer snapshots, where the storage goes back to its newest only (ZFS)" }
      : option,
  ),
  input: restoreFlagsSchema.extend({ guest: z.string(), snapshot: z.string() }),
  aim: ({ guest, snapshot }) => `roll ${guest} back to snapshot ${snapshot}`,
  interrupt: "clean",
  prints: rollbackShapes,
  run: async (input, context) => {
    const session = await inSettings([input.guest], context, () => openSession(input.guest, context, input.dryRun));
    const command = commandLine(["lifeboat", "restore", "snapshot", session.selector, input.snapshot], input);
    const request = { snapshot: input.snapshot, given: answersOf(input), checkSeconds: input.checkTimeout, command };
    return runOne(session, rollbackOperation(session, request));
  },
});
