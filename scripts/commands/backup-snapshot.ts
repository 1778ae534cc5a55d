import * as z from "zod";
import { inSettings } from "../recovery/engine/left-guest";
import { isSnapshotName } from "../../proxmox/rules/snapshots";
import { isScheduledName } from "../../site/snapshots";
import { shellQuote } from "../machine/shell-quote";
import { runOne } from "../recovery/engine/run-one";
import { openSession } from "../recovery/engine/session";
import { forceFlag } from "../recovery/engine/settle-demands";
import { snapshotOperation, type SnapshotRequest } from "../recovery/snapshot/operation";
import { usageError } from "../terminal/command-error";
import { snapshotShapes } from "../recovery/snapshot/plan";
import { defineCommand } from "./frame/command";

const inputSchema = z.object({
  guest: z.string(),
  name: z.string().optional(),
  description: z.string().max(512).optional(),
  remove: z.string().optional(),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Takes a snapshot of a guest's disks. It takes seconds and does not interrupt the guest; its memory is not in it. A snapshot lies on the storage of the guest's own disks: it is no backup, and an in-place restore deletes it.",
  examples: [
    { command: "lifeboat backup snapshot web --name before-update", meaning: "before something risky" },
    { command: "lifeboat restore snapshot web before-update", meaning: "go back to it" },
    { command: "lifeboat snapshots web", meaning: "see all of them" },
    { command: "lifeboat backup snapshot web --remove before-update", meaning: "remove it" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  options: [
    {
      flags: "--name <name>",
      description: "letters, digits, - and _; by default by the time, such as manual-20261120-030000",
    },
    { flags: "--description <text>", description: "what it is for" },
    { flags: "--remove <name>", description: "remove this snapshot instead of taking one" },
    { flags: "--force", description: "with --remove: do not ask" },
    { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
  ],
  input: inputSchema.refine(
    ({ name, description, remove }) => remove === undefined || (name ?? description) === undefined,
    {
      error: "--remove excludes --name and --description",
    },
  ),
  aim: ({ guest, remove }) =>
    remove === undefined ? `take a snapshot of ${guest}` : `remove snapshot ${remove} of ${guest}`,
  interrupt: "clean",
  prints: snapshotShapes,
  run: async (input, context) => {
    if (input.name !== undefined) refuseName(input.name);
    const session = await inSettings([input.guest], context, () => openSession(input.guest, context, input.dryRun));
    return runOne(session, snapshotOperation(session, requestOf(session.selector, input)));
  },
});

function refuseName(name: string): void {
  if (!isSnapshotName(name)) {
    throw usageError(
      `'${name}' cannot be the name of a snapshot`,
      "2 to 40 letters, digits, - and _, a letter first, such as before-update",
    );
  }
  if (isScheduledName(name))
    throw usageError(`names such as '${name}' are the schedule's`, "choose another, such as before-update");
}

function requestOf(selector: string, { name, description, remove, force }: Input): SnapshotRequest {
  const command = ["lifeboat", "backup", "snapshot", selector];
  if (remove !== undefined) {
    const words = [...command, "--remove", remove, ...(force ? [forceFlag] : [])];
    return { action: "remove", name: remove, given: { [forceFlag]: force }, command: words.map(shellQuote).join(" ") };
  }
  const named = name === undefined ? [] : ["--name", name];
  const described = description === undefined ? [] : ["--description", description];
  return { action: "take", name, description, command: [...command, ...named, ...described].map(shellQuote).join(" ") };
}
