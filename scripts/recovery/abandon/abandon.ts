import * as z from "zod";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { isoMoment, type Shapes } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import { isOpen, type Journal } from "../engine/journal";
import { describeOpen, undoCommand } from "../engine/kinds";
import { printFlags } from "../engine/plan-view";
import { leftFacts } from "./left-facts";
import { journalsOf, readable, type Session, takeLock } from "../engine/session";
import { confirm, forceFlag } from "../engine/settle-demands";
import { formatInstant } from "../../terminal/durations";

/** What `lifeboat abandon` was asked for. */
export interface AbandonRequest {
  readonly given: GivenAnswers;
  readonly command: string;
}

const abandonedShape = z.strictObject({
  operation: z.string().describe("its id"),
  kind: z.string(),
  startedAt: isoMoment("when it began, by the clock of this machine"),
  steps: z.array(z.string()).describe("ids of its steps that were begun and not taken back"),
  leaves: z
    .array(
      z.strictObject({
        about: z.string().describe("`web (101)`, `save point backup:…`"),
        is: z.string().describe("how it was found now, or why it was not looked at"),
        known: z.boolean().describe("false: it was not, or not all of it, looked at"),
        next: z.string().optional().describe("the command that does something with it"),
      }),
    )
    .describe("what it leaves behind"),
});

type Abandoned = z.output<typeof abandonedShape>;

/** What `lifeboat abandon` prints with `--json`. */
export const abandonShapes: Shapes = {
  plan: z.strictObject({
    plan: z.strictObject({ operations: z.array(abandonedShape), flags: z.array(z.string()) }),
  }),
  report: z.strictObject({ operations: z.array(abandonedShape) }),
};

/**
 * Gives up what is half done on a subject, where it can be neither resumed nor taken back. Nothing is changed on a node or in a
 * store: what it leaves behind stays, and is looked up and shown. The journals stay too, so that `undo` still knows a restore.
 *
 * @throws CommandError (10) when nothing is half done, (11) while a process is at work
 */
export async function abandon(session: Session, { given, command }: AbandonRequest): Promise<ExitCode> {
  const { context, dryRun, selector, environment } = session;
  if (!dryRun) takeLock(session, command);
  const open = journalsOf(session).filter(isOpen);
  if (open.length === 0) throw nothingHalfDone(session);
  const lookAtAll = () =>
    context.progress.step(`Look at what is left on ${selector}`, () =>
      Promise.all(open.map((journal) => lookAt(journal, session))),
    );
  const planned = await lookAtAll();
  const print = (lines: Lines): void => {
    for (const { journal, value } of planned) {
      const { text, ways } = describeOpen(journal.contents, environment);
      lines.heading(`Plan: abandon ${text}, begun at ${formatInstant(value.startedAt)}`);
      lines.hanging("  instead: ", ways);
      printLeft(value, lines);
    }
    printFlags([forceFlag], lines);
  };
  if (dryRun) {
    context.output.result({ plan: { operations: planned.map(({ value }) => value), flags: [forceFlag] } }, print);
    return exitCodes.done;
  }
  print(context.talk);
  const question = `Abandon what is half done on ${selector}?`;
  await confirm([{ flag: forceFlag, reason: "the plan is not confirmed", question }], given, context);
  // It may have been a while until that was answered.
  const left = await lookAtAll();
  for (const journal of open) giveUp(journal);
  context.output.result({ operations: left.map(({ value }) => value) }, (lines) => {
    for (const { journal, value } of left) {
      lines.line(`Abandoned ${describeOpen(journal.contents, environment).text}.`);
      printLeft(value, lines);
      const { guest } = journal.contents;
      const isDeclared = environment.settings.guests.some(({ id, name }) => id === guest?.id && name === guest.name);
      const undo = isDeclared ? undoCommand(journal.contents) : undefined;
      if (undo !== undefined) lines.line(`To take back what it did: ${undo}`);
    }
  });
  return exitCodes.done;
}

/** The name of an environment means its stack: what is half done on its guests goes by theirs. */
function nothingHalfDone({ subject, selector, environment, state }: Session): CommandError {
  const isStack = subject.kind === "stack";
  const onGuests = isStack ? readable(() => state.readAll().journals.filter(isOpen)) : [];
  const commands = new Set(onGuests.map(({ contents }) => describeOpen(contents, environment).abandon));
  const ofGuests =
    commands.size === 0
      ? `name a guest of it: ${selector}/NAME`
      : `on its guests there is: ${[...commands].join("; ")}`;
  return new CommandError(`nothing is half done on ${isStack ? `the stack or the state of ${selector}` : selector}`, {
    exitCode: exitCodes.nothing,
    ...(isStack ? { hint: ofGuests } : {}),
  });
}

/** What its steps have done stays from now on: a later `undo` does not do it over, as it does not know what came after. */
function giveUp(journal: Journal): void {
  for (const path of Object.keys(journal.contents.steps)) journal.stepNoted(path, { abandoned: true });
  journal.setState("given-up");
}

async function lookAt(journal: Journal, session: Session): Promise<{ journal: Journal; value: Abandoned }> {
  const { id, kind, startedAt, steps } = journal.contents;
  const begun = Object.entries(steps).filter(([, { state }]) => state !== "taken-back");
  const leaves = await leftFacts(session, journal);
  return { journal, value: { operation: id, kind, startedAt, steps: begun.map(([path]) => path), leaves } };
}

function printLeft({ leaves, steps }: Abandoned, lines: Lines): void {
  if (steps.length === 0) lines.line("  No step of it was begun.");
  for (const { about, is, next } of leaves) {
    lines.hanging("  - ", `${about} ${is}`);
    if (next !== undefined) lines.hanging("      ", next);
  }
}
