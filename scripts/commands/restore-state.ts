import * as z from "zod";
import { shellQuote } from "../machine/shell-quote";
import { restoreStateOperation } from "../recovery/restore-state/operation";
import { show } from "../inspect/inspection";
import { inspectPoints } from "../inspect/points/inspect-points";
import { pointsShape } from "../inspect/points/shape";
import { pendingFlag } from "../recovery/restore-state/make-plan";
import { openStateAccess } from "../recovery/steps/state/state-access";
import { runOne } from "../recovery/engine/run-one";
import { openStackSession } from "../recovery/engine/session";
import { forceFlag } from "../recovery/engine/settle-demands";
import { restoreStateShapes } from "../recovery/restore-state/plan";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Lists the earlier states of an environment, and makes one of them the present state. Every update leaves one; what Lifeboat replaces is kept as another. The real world is not touched: a preview at the end shows where it differs. Ends with 11 while an update runs, and with 12 when the passphrase does not open the state; then nothing is written.",
  examples: [
    { command: "lifeboat restore state prod --list", meaning: "the newest 20 states" },
    { command: "lifeboat restore state prod --list --all --json", meaning: "every one, for scripts" },
    {
      command: "lifeboat restore state prod --list --versions",
      meaning: "also versions of objects, which survive pulumi stack rm",
    },
    { command: "lifeboat restore state prod --to 3f2a90c1d4 --dry-run", meaning: "show what would differ" },
    { command: "lifeboat restore state prod --to 3f2a90c1d4", meaning: "show the plan, ask, restore" },
    {
      command: 'lifeboat restore state prod --to "2026-11-20 18:00" --force',
      meaning: "the newest update by then, without questions",
    },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: true }],
  options: [
    { flags: "--list", description: "list the restore points, newest first" },
    { flags: "--all", description: "with --list: every one, and not only the newest 20" },
    { flags: "--versions", description: "also versions of objects, where the backend keeps them, and Pulumi's copies" },
    { flags: "--to <point>", description: "an id of the list, its beginning, or a time" },
    { flags: "--dry-run", description: "show the plan; write nothing" },
    { flags: forceFlag, description: `answer the plan's question with yes; does not imply ${pendingFlag}` },
    {
      flags: pendingFlag,
      description: "take a half-written state: something was under way, and the real world may differ from it",
    },
  ],
  input: z
    .object({
      environment: z.string(),
      list: z.boolean().default(false),
      all: z.boolean().default(false),
      versions: z.boolean().default(false),
      to: z.string().min(1).optional(),
      dryRun: z.boolean().default(false),
      force: z.boolean().default(false),
      acceptPending: z.boolean().default(false),
    })
    .refine(({ list, to }) => list !== (to !== undefined), {
      error: "give either --list, which shows the restore points, or --to with one of them",
    })
    .refine(({ all, list }) => list || !all, { error: "--all goes with --list" }),
  aim: ({ environment, list }) => (list ? `list the states of ${environment}` : `restore the state of ${environment}`),
  interrupt: "clean",
  prints: { ...restoreStateShapes, "--list": pointsShape },
  run: async (input, context) => {
    const { environment: name, to, versions, all, dryRun, force, acceptPending } = input;
    const session = await openStackSession(name, context, dryRun);
    const access = await openStateAccess(session.environment, context);
    if (to === undefined) return show(context, await inspectPoints(session, access, { all, versions }));
    const words = ["lifeboat", "restore", "state", name, "--to", to, ...(versions ? ["--versions"] : [])];
    const answers = [...(acceptPending ? [pendingFlag] : []), ...(force ? [forceFlag] : [])];
    const command = [...words, ...answers].map(shellQuote).join(" ");
    const given = { [forceFlag]: force, [pendingFlag]: acceptPending };
    return runOne(session, restoreStateOperation(session, access, { wish: { to, versions }, given, command }));
  },
});
