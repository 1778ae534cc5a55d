import * as z from "zod";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { isoMoment, type Shapes } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import { isOpen, type Journal } from "../engine/journal";
import { describeOpen, undoCommand } from "../engine/kinds";
import { printFlags } from "../engine/plan-view";
import { journalsOf, type Session, takeLock } from "../engine/session";
import { confirm, forceFlag } from "../engine/settle-demands";

/** What `lifeboat abandon` was asked for. */
export interface AbandonRequest {
  readonly given: GivenAnswers;
  readonly command: string;
}

const abandonedShape = z.strictObject({
  operation: z.string().describe("its id"),
  kind: z.string(),
  startedAt: isoMoment("when it began, by the clock of this machine"),
  leaves: z
    .array(
      z.strictObject({
        id: z.string(),
        done: z.boolean().describe("false: begun, and perhaps done"),
        made: z.string().optional().describe("the save point or snapshot that it made"),
      }),
    )
    .describe("its steps that were begun: what they did stays"),
  task: z.string().nullable().describe("UPID of a task that may still be at work on its node"),
});

/** What `lifeboat abandon` prints with `--json`. */
export const abandonShapes: Shapes = {
  plan: z.strictObject({
    plan: z.strictObject({ operations: z.array(abandonedShape), flags: z.array(z.string()) }),
  }),
  report: z.strictObject({ operations: z.array(abandonedShape) }),
};

/**
 * Gives up what is half done on a subject, where it can be neither resumed nor taken back. Nothing is sent to a node or a
 * store: what its steps did stays, and is shown. The journals stay too, so that `undo` still knows a restore.
 *
 * @throws CommandError (10) when nothing is half done, (11) while a process is at work
 */
export async function abandon(session: Session, { given, command }: AbandonRequest): Promise<ExitCode> {
  const { context, dryRun, selector } = session;
  if (!dryRun) takeLock(session, command);
  const open = journalsOf(session).filter(isOpen);
  if (open.length === 0) {
    throw new CommandError(`nothing is half done on ${selector}`, { exitCode: exitCodes.nothing });
  }
  const operations = open.map(valueOf);
  const print = (lines: Lines): void => {
    for (const journal of open) printOne(journal, session, lines);
    printFlags([forceFlag], lines);
  };
  if (dryRun) {
    context.output.result({ plan: { operations, flags: [forceFlag] } }, print);
    return exitCodes.done;
  }
  print(context.talk);
  const question = `Abandon what is half done on ${selector}?`;
  await confirm([{ flag: forceFlag, reason: "the plan is not confirmed", question }], given, context);
  for (const journal of open) giveUp(journal);
  context.output.result({ operations }, (lines) => {
    for (const journal of open) {
      lines.line(`Abandoned ${describeOpen(journal.contents, session.environment).text}.`);
      const { guest } = journal.contents;
      const isDeclared = session.environment.settings.guests.some(
        ({ id, name }) => id === guest?.id && name === guest.name,
      );
      const undo = isDeclared ? undoCommand(journal.contents) : undefined;
      if (undo !== undefined) lines.line(`To take back what it did: ${undo}`);
    }
  });
  return exitCodes.done;
}

/** What its steps have done stays from now on: a later `undo` does not do it over, as it does not know what came after. */
function giveUp(journal: Journal): void {
  for (const path of Object.keys(journal.contents.steps)) journal.stepNoted(path, { abandoned: true });
  journal.setState("unproven");
}

function valueOf({ contents: { id, kind, startedAt, steps } }: Journal): z.output<typeof abandonedShape> {
  const begun = Object.entries(steps).filter(([, { state }]) => state !== "taken-back");
  const task = begun.map(([, { state, facts }]) => (state === "started" ? facts["upid"] : undefined)).at(-1);
  return {
    operation: id,
    kind,
    startedAt,
    leaves: begun.map(([path, { state, facts }]) => {
      const made = facts["archive"] ?? facts["snapshot"];
      return { id: path, done: state === "done", ...(made === undefined ? {} : { made: String(made) }) };
    }),
    task: typeof task === "string" ? task : null,
  };
}

function printOne(journal: Journal, { environment }: Session, lines: Lines): void {
  const { leaves, task, startedAt } = valueOf(journal);
  const { text, hint } = describeOpen(journal.contents, environment);
  lines.heading(`Plan: abandon ${text}, begun at ${startedAt}`);
  lines.hanging("  instead: ", hint);
  for (const { id, done, made } of leaves) {
    const what = made === undefined ? "" : ` (${made})`;
    lines.hanging("  stays: ", `what step '${id}' did${what}${done ? "" : ", if it got that far"}`);
  }
  if (leaves.length === 0) lines.line("  No step of it was begun.");
  if (task !== null) lines.hanging("  CARE: ", `its task may still be at work on its node: ${task}`);
}
