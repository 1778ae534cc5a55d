import { inFile, type Mutant } from "../mutant";

const guards = "test/commands/restore/guards.test.ts";
const refusals = "test/commands/restore/refusals.test.ts";
const undo = "test/commands/restore/undo.test.ts";
const losses = "test/commands/restore/losses.test.ts";
const choice = "test/unit/site/restore/choose-archive.test.ts";
const identity = "test/unit/site/restore/identity.test.ts";
const wayBack = "test/commands/restore/way-back.test.ts";
const later = "test/commands/restore/resume-later.test.ts";
const requested = "test/commands/restore/requested.test.ts";
const requireCopy = "test/unit/scripts/recovery/drill/require-copy.test.ts";
const reading = "test/unit/scripts/clients/node-program/archive-reader.test.ts";
const records = "test/unit/site/restore/verification-record.test.ts";
const declared = "test/components/stacks/restores.test.ts";

/** A guest that is overwritten, and the way back. */
export const restoreMutants: readonly Mutant[] = [
  ...inFile("scripts/recovery/drill/copies.ts", [
    {
      name: "drill: a copy outside of the range of ids is destroyed",
      from: "if (isInRange && readDrillMark",
      to: "if (readDrillMark",
      killedBy: { file: requireCopy, title: "a drill destroys what it made" },
    },
    {
      name: "drill: a copy of another drill is destroyed",
      from: "?.operation === operation) return",
      to: "!== undefined) return",
      killedBy: { file: requireCopy, title: "a drill destroys what it made" },
    },
  ]),
  ...inFile("scripts/clients/node-program/vma-check.ts", [
    {
      name: "verify: an extent of another archive counts",
      from: 'bad("an extent is of another archive") unless substr($extent, 8, 16) eq $uuid;',
      to: "",
      killedBy: { file: reading, title: "an extent of another archive" },
    },
  ]),
  ...inFile("site/restore/verification-record.ts", [
    {
      name: "verify: a recorded sum is replaced by another",
      from: "return { time: now, sha256: recorded, damage: all",
      to: "return { time: now, sha256, damage: all",
      killedBy: { file: records, title: "a sum is recorded once" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/requested.ts", [
    {
      name: "restore: a request that has ended is carried out again",
      from: "ended.has(journal.contents.state)",
      to: 'journal.contents.state === "undone"',
      killedBy: { file: requested, title: "a request is carried out once" },
    },
    {
      name: "restore: an id that was used stands for another restore",
      from: "digestOf(request) !== digestOf(operation.request)",
      to: "digestOf(request) === undefined",
      killedBy: { file: requested, title: "another restore under an id that was used is refused" },
    },
  ]),
  ...inFile("stacks/restores.ts", [
    {
      name: "restore: a request that was changed goes to the update",
      from: "done !== undefined && done !== command",
      to: 'done !== undefined && done === ""',
      killedBy: { file: declared, title: "a request that was carried out and is another one now is refused" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/refuse.ts", [
    {
      name: "restore: the nightly job at work is not seen",
      from: 'id === String(guest.id) || (id === "" && present !== undefined)',
      to: "id === String(guest.id)",
      killedBy: { file: guards, title: "while the nightly job backs guests up, none of the node is overwritten" },
    },
    {
      name: "restore: a task at work on the guest is not seen",
      from: "if (busy !== undefined) throw taskAtWork(guest.name, busy);",
      to: "",
      killedBy: { file: refusals, title: "a guest on which the node is at work: 11" },
    },
    {
      name: "restore: a lock of the node is passed over",
      from: "if (present?.lock !== undefined) {",
      to: "if (present?.lock === null) {",
      killedBy: { file: refusals, title: "a guest that its node has locked: 13" },
    },
    {
      name: "restore: an archive of another guest is taken",
      from: "  refuseStranger(inspection, context);\n",
      to: "",
      killedBy: { file: refusals, title: "another guest's name in the archive: 13" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/restore-step.ts", [
    {
      name: "restore: nothing is read again before the request that destroys",
      from: "const changed = changedInputs(inputs, await readInputs(world.client, plan, await world.settingsDigest()));",
      to: "const changed: string[] = [];",
      killedBy: { file: guards, title: "the archive became another one: 13" },
    },
    {
      name: "undo: a copy that is not its own is deleted",
      from: "  await requireOwnCopy(plan, world, operation, context.facts);\n",
      to: "",
      killedBy: { file: guards, title: "leaves another guest that has its number by now" },
    },
    {
      name: "undo: a copy is known by its name alone",
      from: "if (isMarked && nameOf(",
      to: "if (nameOf(",
      killedBy: { file: guards, title: "leaves another guest that has its number by now" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/steps.ts", [
    {
      name: "copy: a hook script of the original is not taken out",
      from: "steps.push(takeOutOriginals(plan, world, own));",
      to: "void own;",
      killedBy: {
        file: "test/commands/restore/copies.test.ts",
        title: "with the password of root@pam they are taken out before the copy starts",
      },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/archive-protection.ts", [
    {
      name: "restore: the chosen archive is not protected",
      from: "    run: async () => client.backups.setArchiveProtection(node, volid, true),",
      to: "    run: async () => undefined,",
      killedBy: { file: guards, title: "the chosen archive is protected before the guest is stopped" },
    },
    {
      name: "restore: the archive of a guest that is not proven is released",
      from: 'context.factsOf(path)["proven"] === false',
      to: 'context.factsOf(path)["proven"] === null',
      killedBy: {
        file: "test/commands/restore/restore-in-place.test.ts",
        title: "a check that fails after a good restore: exit 3, not proven, and the archive stays protected",
      },
    },
  ]),
  ...inFile("scripts/recovery/steps/guest/save-point-steps.ts", [
    {
      name: "save point: it is asked for unprotected",
      from: "    protected: true,\n",
      to: "",
      killedBy: { file: guards, title: "a save point is asked for as a protected one" },
    },
    {
      name: "save point: it prunes as the job does",
      from: '...(prune === "keep-all" ? { "prune-backups": "keep-all=1" } : { remove: false }),',
      to: "",
      killedBy: { file: guards, title: "a save point is asked for as a protected one" },
    },
    {
      name: "save point: one that the storage does not have is believed",
      from: "if (archive?.size === undefined || archive.size <= 0) throw",
      to: "if (archive === null) throw",
      killedBy: { file: guards, title: "the save point is not on its storage" },
    },
    {
      name: "save point: giving one up deletes every backup of the guest",
      from: 'const own = archives.filter((archive) => parseSavePoint(archive.notes ?? "")?.operation === id);',
      to: "const own = archives;",
      killedBy: { file: undo, title: "a restore that is taken back before it overwrites leaves no save point behind" },
    },
  ]),
  ...inFile("site/restore/choose-archive.ts", [
    {
      name: "choice: a save point is taken for a backup",
      from: "if (isSavePoint(archive.notes)) {",
      to: "if (isSavePoint(archive.volid)) {",
      killedBy: {
        file: "test/unit/site/restore/choose-archive.test.ts",
        title: "is never a save point, an empty file",
      },
    },
    {
      name: "choice: an archive without content is taken",
      from: "return size !== undefined && size <= 0;",
      to: "return size !== undefined && size < 0;",
      killedBy: {
        file: "test/unit/site/restore/choose-archive.test.ts",
        title: "is never a save point, an empty file",
      },
    },
    {
      name: "choice: the one of another guest with a longer number is taken",
      from: "return owner === vmid ? undefined",
      to: "return String(owner).startsWith(String(vmid)) ? undefined",
      killedBy: {
        file: "test/unit/site/restore/choose-archive.test.ts",
        title: "is never a save point, an empty file",
      },
    },
  ]),
  ...inFile("site/restore/doubt.ts", [
    {
      name: "choice: an archive of the future is fresh",
      from: "if (time > now) {",
      to: "if (time > now + 400 * 86_400) {",
      killedBy: { file: "test/unit/site/restore/choose-archive.test.ts", title: "a date later than the node's clock" },
    },
  ]),
  ...inFile("site/restore/losses.ts", [
    {
      name: "losses: a disk that the archive does not hold is not named",
      from: "const returns = counterpart?.backedUp === true;",
      to: "const returns = counterpart !== undefined;",
      killedBy: {
        file: "test/unit/site/restore/losses.test.ts",
        title: "loses the content of a volume that the archive leaves out",
      },
    },
  ]),
  ...inFile("site/restore/losses.ts", [
    {
      name: "losses: a disk that no backup holds is overwritten without a word",
      from: "if (returns && disk.backedUp) {",
      to: "if (returns) {",
      killedBy: { file: losses, title: "a disk that left the backups since the archive was made is a loss" },
    },
    {
      name: "losses: a raw line goes without a word",
      from: "      ...rawLosses(present, archived),\n",
      to: "",
      killedBy: { file: losses, title: "a raw line is a loss" },
    },
  ]),
  ...inFile("site/restore/doubt.ts", [
    {
      name: "choice: an archive whose verification failed is chosen",
      from: 'if (verification !== undefined && verification !== "ok") {',
      to: 'if (verification === "never") {',
      killedBy: { file: choice, title: "is never one with a failed verification" },
    },
    {
      name: "choice: an archive without a size is chosen",
      from: "if (size === undefined) return",
      to: "if (size === 0) return",
      killedBy: { file: choice, title: "is never one with no size" },
    },
  ]),
  ...inFile("site/restore/identity.ts", [
    {
      name: "identity: a name outranks the mark",
      from: "if (archived.mark !== undefined) return byMark(archived.mark, archived.name, meant, present);",
      to: "",
      killedBy: { file: identity, title: "the mark outranks the name" },
    },
    {
      name: "identity: a guest made by hand is the one that is meant",
      from: 'return meant.isOwned || isStranger ? { kind: "another", whose: name, isMarked: false } : { kind: "own" };',
      to: 'return { kind: "own" };',
      killedBy: {
        file: identity,
        title: "a guest made by hand, or of another environment, is not the one that is meant",
      },
    },
  ]),
  ...inFile("scripts/recovery/steps/guest/id-traces.ts", [
    {
      name: "copy: what may not be read about an id counts as nothing",
      from: "    return { unknown: `${otherwise}: ${reasonOf(error)}` };",
      to: "    return {};",
      killedBy: {
        file: "test/unit/scripts/recovery/steps/guest/id-traces.test.ts",
        title: "what may not be read is not known, which is not the same as none",
      },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/make-plan.ts", [
    {
      name: "copy: it mounts the folders of its original",
      from: "inPlace ? archived.keys : withoutHostMounts(archived.keys)",
      to: "archived.keys",
      killedBy: {
        file: "test/commands/restore/copies.test.ts",
        title: "a copy mounts no folder or device of the node",
      },
    },
  ]),
  ...inFile("scripts/recovery/steps/guest/whole-guest.ts", [
    {
      name: "way back: a locked guest is whole",
      from: "if (lock !== undefined) return { why: `it is locked (${lock})`, configuration };",
      to: "",
      killedBy: { file: wayBack, title: "nor while it is locked, lacks a volume" },
    },
    {
      name: "way back: a guest without one of its volumes is whole",
      from: "const why = missing.length === 0 ? undefined :",
      to: "const why = missing.length >= 0 ? undefined :",
      killedBy: { file: wayBack, title: "nor while it is locked, lacks a volume" },
    },
  ]),
  ...inFile("scripts/recovery/engine/too-old.ts", [
    {
      name: "resume: what was prepared days ago is believed",
      from: "return age <= limit ? undefined",
      to: "return age <= limit * 1_000 ? undefined",
      killedBy: { file: later, title: "two hours old: what the token may not see has changed it since" },
    },
  ]),
  ...inFile("scripts/recovery/steps/guest/look-again.ts", [
    {
      name: "resume: a guest that was started since is overwritten",
      from: 'if (running && (!ran || stop === "done")) return `${guest} was started since`;',
      to: "",
      killedBy: { file: later, title: "the guest was started and has worked since" },
    },
  ]),
  ...inFile("scripts/recovery/steps/guest/own-tasks.ts", [
    {
      name: "undo: it does not wait for what its operation has begun",
      from: "active.filter((task) => task.endtime === undefined && isOwn(task, journal))",
      to: "[]",
      killedBy: { file: wayBack, title: "undo waits for the restore that was killed here" },
    },
  ]),
];
