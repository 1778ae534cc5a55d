import { inFile, type Mutant } from "../mutant";

const durable = "test/unit/scripts/recovery/engine/durable-writes.test.ts";
const commitment = "test/unit/scripts/recovery/engine/commitment.test.ts";
const tasks = "test/unit/scripts/recovery/steps/guest/start-task-once.test.ts";
const shell = "test/unit/scripts/clients/guest-shell.test.ts";
const up = "test/commands/up/up.test.ts";
const pinned = "test/components/stacks/host-key.test.ts";
const declared = "test/components/stacks/state-store.test.ts";
const engine = "test/unit/scripts/recovery/engine/engine.test.ts";

/** Journal, steps, locks, digests and consent: what every operation stands on. */
export const engineMutants: readonly Mutant[] = [
  ...inFile("scripts/machine/durable-file.ts", [
    {
      name: "journal: it takes the old one's place before it is on the disk",
      from: "    fsyncSync(file);\n",
      to: "",
      killedBy: { file: durable, title: "a journal is on the disk at its beginning, and again with each thing" },
    },
    {
      name: "journal: its name is not on the disk when the next step begins",
      from: "  syncFolder(dirname(path));\n",
      to: "",
      killedBy: { file: durable, title: "a file is on the disk before it takes the old one's place" },
    },
    {
      name: "journal: it is written over the old one",
      from: "  const temporary = `${path}.${randomUUID()}.tmp`;",
      to: "  const temporary = path;",
      killedBy: { file: durable, title: "where the disk refuses, the old text stays" },
    },
    {
      name: "journal: everybody on this machine reads it",
      from: 'openSync(path, "wx", 0o600)',
      to: 'openSync(path, "wx", 0o644)',
      killedBy: { file: durable, title: "only its owner reads it, unless it is said otherwise" },
    },
  ]),
  ...inFile("site/host-keys.ts", [
    {
      name: "host keys: what is sealed for another guest is the key of this one",
      from: "value.endsWith(end) ? ",
      to: "value.length > 0 ? ",
      killedBy: { file: pinned, title: "makes no first use of a guest that was there before" },
    },
  ]),
  ...inFile("scripts/clients/pulumi-cli/pulumi-cli.ts", [
    {
      name: "up: a state that was written while pulumi read it is the one of the plan",
      from: "(await this.stateMark(watch.signal)) === mark",
      to: '(await this.stateMark(watch.signal)) !== ""',
      killedBy: { file: up, title: "nor is one to which somebody puts back the planned state" },
    },
  ]),
  ...inFile("stacks/host-key.ts", [
    {
      name: "ssh: a state that cannot be read is one without a host key",
      from: "if (recordedUnread !== undefined)",
      to: "if (recordedUnread === null)",
      killedBy: { file: pinned, title: "a state that cannot be read is no state without a key" },
    },
    {
      name: "ssh: a node that does not answer makes it a first use",
      from: "if (said !== undefined) throw",
      to: "if (said === null) throw",
      killedBy: { file: pinned, title: "and does not answer: that is no first use" },
    },
  ]),
  ...inFile("components/install/connection.ts", [
    {
      name: "ssh: the store's script goes to whoever answers",
      from: "...key, hostKey, dialErrorLimit",
      to: "...key, dialErrorLimit",
      killedBy: { file: declared, title: "whatever goes to the store's container goes to the host key" },
    },
  ]),
  ...inFile("scripts/clients/guest-shell.ts", [
    {
      name: "ssh: whoever answers first is trusted, always",
      from: 'await attempt("yes");',
      to: 'await attempt("accept-new");',
      killedBy: { file: shell, title: "any other guest that the file does not know is refused" },
    },
    {
      name: "ssh: a host that could not be asked for is trusted like a new one",
      from: 'verdict === "another" || this.options.isNew !== true',
      to: 'verdict === "another"',
      killedBy: { file: shell, title: "an authenticated way that fails is named" },
    },
  ]),
  ...inFile("scripts/recovery/engine/journal.ts", [
    {
      name: "journal: a step that begins again forgets what it had asked for",
      from: "facts: earlier?.facts ?? {},",
      to: "facts: {},",
      killedBy: { file: commitment, title: "a step that begins again knows what its earlier attempt had asked" },
    },
    {
      name: "journal: one of a newer version is read as if it were known",
      from: "if (result.success) return result.data;",
      to: "return parsed as never;",
      killedBy: { file: engine, title: "a damaged journal, or one of another version, is an error" },
    },
  ]),
  ...inFile("scripts/recovery/engine/apply.ts", [
    {
      name: "steps: one that committed counts as uncommitted when it noted no request",
      from: '(journal.factsOf(path)["sent"] === true || journal.record(path)?.state === "done"),',
      to: 'journal.factsOf(path)["sent"] === true,',
      killedBy: { file: commitment, title: "a committing step that was found done" },
    },
    {
      name: "steps: a request that may have left counts as uncommitted",
      from: '(journal.factsOf(path)["sent"] === true || journal.record(path)?.state === "done"),',
      to: 'journal.record(path)?.state === "done",',
      killedBy: { file: commitment, title: "a request that may have left counts as committed" },
    },
    {
      name: "steps: every step counts as committing",
      from: "step.commits === true &&",
      to: "step.commits !== null &&",
      killedBy: { file: commitment, title: "steps that commit nothing are taken back" },
    },
    {
      name: "steps: one that an earlier process began is not looked for",
      from: 'begunBefore !== undefined && begunBefore.state !== "taken-back"',
      to: "false",
      killedBy: { file: engine, title: "at any write of the journal: the next run ends as if nothing had happened" },
    },
    {
      name: "steps: a node that does not answer has everything taken back",
      from: 'if (options.staysOpen(error)) return new StepFailure(placed, error, "open");',
      to: "",
      killedBy: { file: engine, title: "a node that does not answer leaves the operation open" },
    },
    {
      name: "steps: a result with a problem counts as proven",
      from: '? "unproven" : "done"',
      to: '? "done" : "done"',
      killedBy: { file: engine, title: "a finding that is a problem makes the operation unproven" },
    },
  ]),
  ...inFile("scripts/recovery/engine/take-back.ts", [
    {
      name: "take back: what could not be taken back counts as taken back",
      from: 'if (leftovers.length === 0) journal.setState("taken-back");',
      to: 'journal.setState("taken-back");',
      killedBy: { file: engine, title: "what cannot be taken back is named, and tried again by the next run" },
    },
    {
      name: "take back: the first step goes first",
      from: "[...steps].reverse()",
      to: "[...steps]",
      killedBy: { file: commitment, title: "steps that commit nothing are taken back, the last one first" },
    },
  ]),
  ...inFile("scripts/recovery/engine/step.ts", [
    {
      name: "steps: one that is never taken back does not say so before it begins",
      from: "      context.note({ sent: true });\n",
      to: "",
      killedBy: { file: commitment, title: "a step that is never taken back has committed from its first moment" },
    },
  ]),
  ...inFile("scripts/recovery/engine/consent.ts", [
    {
      name: "consent: any value answers a question that wants a name",
      from: "typed === undefined ? answer === true : answer === typed;",
      to: "typed === undefined ? answer === true : answer !== undefined;",
      killedBy: { file: engine, title: "a flag answers its own demand only; a typed one wants the name" },
    },
    {
      name: "consent: without a terminal everything is agreed to",
      from: 'if (!questioner.interactive) return { kind: "missing", demands: open };',
      to: 'if (!questioner.interactive) return { kind: "given" };',
      killedBy: { file: engine, title: "without a terminal the missing flags are named" },
    },
    {
      name: "consent: a question that is refused is passed over",
      from: 'return { kind: "refused", demand };',
      to: "continue;",
      killedBy: { file: engine, title: "on a terminal each open demand is asked, until one is refused" },
    },
  ]),
  ...inFile("scripts/recovery/engine/ended-members.ts", [
    {
      name: "batch: what has ended is done again with the rest",
      from: "if (isOfNow(part) && (await part.operation.isGone?.(part.plan)) !== true) still.push(part);",
      to: "",
      killedBy: {
        file: "test/unit/scripts/recovery/engine/run-many.test.ts",
        title: "the one stays ended, a dry run says so too",
      },
    },
  ]),
  ...inFile("scripts/recovery/engine/digest.ts", [
    {
      name: "digest: an input that is new does not count as changed",
      from: "new Set([...Object.keys(planned), ...Object.keys(present)])",
      to: "new Set(Object.keys(planned))",
      killedBy: { file: engine, title: "names every input that differs" },
    },
  ]),
  ...inFile("scripts/machine/process-lock.ts", [
    {
      name: "lock: one whose process lives is taken over",
      from: "return isRunning(pid) && (",
      to: "return !isRunning(pid) && (",
      killedBy: { file: engine, title: "a second run is refused and told who holds it" },
    },
    {
      name: "lock: a process with a dead one's number keeps everybody out",
      from: "isRunning(pid) && (processStart === undefined || startOf(pid) === processStart)",
      to: "isRunning(pid)",
      killedBy: { file: engine, title: "a lock of another process that had the same id is taken over" },
    },
    {
      name: "lock: it stays when the command has ended",
      from: "return () => rmSync(path, { force: true });",
      to: "return () => undefined;",
      killedBy: { file: engine, title: "afterwards the lock is free" },
    },
  ]),
  ...inFile("scripts/recovery/steps/guest/start-task-once.ts", [
    {
      name: "task: a lost answer is matched to an old task",
      from: ".findLast((candidate) => !known.has(candidate))",
      to: ".findLast(() => true)",
      killedBy: { file: tasks, title: "a task that was there before the request is never taken for its own" },
    },
    {
      name: "task: one that others began later is taken for its own",
      from: ".findLast((candidate) => !known.has(candidate))",
      to: ".find((candidate) => !known.has(candidate))",
      killedBy: { file: tasks, title: "of two that came since, the first is its own" },
    },
    {
      name: "task: that it is asked for is noted after the request",
      from: '  context.note({ knownTasks: known.join(" "), task: taskText(request), asked: true, sent: true });\n',
      to: "",
      killedBy: { file: tasks, title: "which tasks were there, and that the request leaves, is noted before it does" },
    },
    {
      name: "task: a lost answer counts as a refusal",
      from: "if (isRefusal(error)) context.note",
      to: "context.note",
      killedBy: { file: tasks, title: "an answer of kind 'lost' leaves it open whether the request arrived" },
    },
    {
      name: "task: one of another guest is taken for its own",
      from: 'task.type === type && (task.id ?? "") === id',
      to: "task.type === type",
      killedBy: { file: tasks, title: "neither is one of another kind, or of another guest" },
    },
    {
      name: "task: one that failed is waited for again",
      from: 'if (typeof upid === "string" && upid !== failedTask) return upid;',
      to: 'if (typeof upid === "string") return upid;',
      killedBy: { file: tasks, title: "a task that failed is not found again" },
    },
  ]),
  ...inFile("proxmox/api/tasks.ts", [
    {
      name: "task: a lost answer is matched to one that began earlier",
      from: "task.type === start.type && task.starttime >= since",
      to: "task.type === start.type",
      killedBy: {
        file: "test/unit/proxmox/api/tasks.test.ts",
        title: "a task that began before the request is an old one",
      },
    },
    {
      name: "task: of two that fit one is believed",
      from: "if (another !== undefined) break;",
      to: "",
      killedBy: {
        file: "test/unit/proxmox/api/tasks.test.ts",
        title: "two that fit are none: nobody knows which is ours",
      },
    },
    {
      name: "task: any end of it is a success",
      from: 'succeeded: exitStatus === "OK" || warnings !== undefined,',
      to: "succeeded: true,",
      killedBy: { file: "test/unit/proxmox/api/tasks.test.ts", title: "'job errors' counts as success: false" },
    },
  ]),
];
