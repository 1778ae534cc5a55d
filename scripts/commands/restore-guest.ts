import { z } from "zod";
import { answersOf, commandLine, restoreFlags, restoreFlagsSchema } from "../recovery/guests/command-flags";
import { type RestoreRequest, conductRestore, resumeRestore } from "../recovery/guests/conduct-restore";
import { restoresAmong, unfinishedRestore } from "../recovery/guests/restore-journals";
import { journalsOf, openSession, takeLock } from "../recovery/session";
import { defineCommand } from "./frame/command";

const inputSchema = restoreFlagsSchema.extend({
  guest: z.string(),
  archive: z.string().optional(),
  at: z.string().optional(),
  targetId: z.coerce.number().int().min(100).max(999_999_999).optional(),
  storage: z.string().optional(),
});

export const command = defineCommand({
  description:
    "Brings a guest back from its newest backup, starts it and proves that it works. In place by default: a save point is made first, and 'lifeboat undo' goes back to it. With --target-id beside it.",
  examples: [
    { command: "lifeboat restore guest web", meaning: "show the plan, ask, restore the newest backup" },
    { command: "lifeboat restore guest web --dry-run", meaning: "show the plan only" },
    { command: "lifeboat restore guest web --at 2026-11-20", meaning: "the newest backup of that day or before" },
    { command: "lifeboat restore guest web --target-id 901", meaning: "a copy beside the original" },
    { command: "lifeboat restore guest web --force --stop", meaning: "without questions, for scripts" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  options: [
    { flags: "--at <time>", description: "the newest backup that is not later: a day (its end) or a time" },
    { flags: "--archive <volid>", description: "this archive; 'lifeboat backups' lists them" },
    { flags: "--target-id <id>", description: "restore a copy with this id; the original is left alone" },
    { flags: "--storage <storage>", description: "put all volumes on this storage" },
    ...restoreFlags,
  ],
  input: inputSchema.refine(({ at, archive }) => at === undefined || archive === undefined, {
    error: "--at and --archive exclude each other",
  }),
  aim: ({ guest }) => `restore guest ${guest}`,
  interrupt: "clean",
  run: async (input, context) => {
    const session = await openSession(input.guest, context, input.dryRun);
    const request = requestOf(input, session.selector);
    if (!input.dryRun) takeLock(session, request.command);
    const restores = restoresAmong(journalsOf(session));
    const open = unfinishedRestore(restores);
    const resumed = open === undefined ? "taken-back" : await resumeRestore(session, request, open);
    return resumed === "taken-back" ? conductRestore(session, request, restores) : resumed;
  },
});

function requestOf(input: z.output<typeof inputSchema>, selector: string): RestoreRequest {
  const { archive, at, targetId, storage } = input;
  const choice = [
    ...(at === undefined ? [] : ["--at", at]),
    ...(archive === undefined ? [] : ["--archive", archive]),
    ...(targetId === undefined ? [] : ["--target-id", String(targetId)]),
    ...(storage === undefined ? [] : ["--storage", storage]),
  ];
  return {
    wish: { archive, at, targetId },
    storage,
    given: answersOf(input),
    checkSeconds: input.checkTimeout,
    command: commandLine(["lifeboat", "restore", "guest", selector, ...choice], input),
    undoes: undefined,
  };
}
