import { inFile, type Mutant } from "../mutant";

const file = "test/unit/scripts/recovery/engine/run-one.test.ts";

/** What every operation asks, and what one that is half done means for the next. */
export const operationMutants: readonly Mutant[] = [
  ...inFile("scripts/recovery/engine/run-one.ts", [
    {
      name: "operation: it begins beside another one that is half done",
      from: "if (!isSameRequest(operation, open)) throw halfDone(session, open);",
      to: 'if (!isSameRequest(operation, open)) return "plan-anew";',
      killedBy: { file, title: "keeps another kind of operation out: 11" },
    },
    {
      name: "operation: one of other words is resumed",
      from: "contents.kind === kind && digestOf(contents.request) === digestOf(request)",
      to: "contents.kind === kind",
      killedBy: { file, title: "keeps another request of its kind out: 11" },
    },
    {
      name: "operation: two processes work on one subject",
      from: "if (!session.dryRun) takeLock(session, operation.command);",
      to: "",
      killedBy: { file, title: "another process at work on the stack: 11" },
    },
    {
      name: "operation: it begins without being confirmed",
      from: "await confirm(planned.demands, operation.given, context);",
      to: "false;",
      killedBy: { file, title: "the plan's question is answered by --force" },
    },
    {
      name: "operation: it is resumed without being confirmed",
      from: '  await confirm([{ flag: forceFlag, reason: "resuming is not confirmed", question }], operation.given, context);\n',
      to: "",
      killedBy: { file, title: "is not resumed unless that is confirmed: 2" },
    },
    {
      name: "operation: one that is out of date is resumed",
      from: "if (why !== undefined) {\n    context.talk.line(why);",
      to: "if (why === null) {\n    context.talk.line(why);",
      killedBy: { file, title: "is planned anew where it is out of date" },
    },
    {
      name: "operation: what changed while its question stood open is not looked at",
      from: "isAsked ? await",
      to: "false ? await",
      killedBy: { file: "test/commands/restore/changed-meanwhile.test.ts", title: "while the question about" },
    },
    {
      name: "operation: what failed half-way is not taken back to its end",
      from: "    await finishTakingBack(session, operation, open, steps);\n    return {};",
      to: "    return {};",
      killedBy: { file, title: "that failed half-way is taken back to its end before anything else begins" },
    },
    {
      name: "operation: what cannot be taken back is passed over",
      from: "if (leftovers.length === 0) return;",
      to: "if (leftovers.length >= 0) return;",
      killedBy: { file, title: "that cannot be taken back keeps it open: 1" },
    },
    {
      name: "operation: a problem that was found is told as success",
      from: "? exitCodes.partly : exitCodes.done",
      to: "? exitCodes.done : exitCodes.done",
      killedBy: { file, title: "a problem that a step has found: 3" },
    },
  ]),
  ...inFile("scripts/recovery/engine/settle-demands.ts", [
    {
      name: "consent: a loss that is not accepted counts as a missing --force",
      from: "consent.demands.every(({ flag }) => flag === forceFlag)",
      to: "consent.demands.some(({ flag }) => flag === forceFlag)",
      killedBy: { file, title: "each loss has a flag of its own, which --force is not" },
    },
  ]),
  ...inFile("scripts/recovery/engine/journal.ts", [
    {
      name: "operation: one that could not be taken back counts as ended",
      from: 'state === "open" || state === "taking-back"',
      to: 'state === "open"',
      killedBy: { file, title: "that cannot be taken back keeps it open: 1" },
    },
  ]),
];
