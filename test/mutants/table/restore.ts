import { inFile, type Mutant } from "../mutant";

const guards = "test/commands/restore/guards.test.ts";
const refusals = "test/commands/restore/refusals.test.ts";
const undo = "test/commands/restore/undo.test.ts";

/** A guest that is overwritten, and the way back. */
export const restoreMutants: readonly Mutant[] = [
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
      from: "    run: async () =>\n      refuseChanges(plan, changedInputs(inputs, await readInputs(world.client, plan, world.settingsDigest))),",
      to: "    run: async () => undefined,",
      killedBy: { file: guards, title: "the archive became another one: 13" },
    },
    {
      name: "undo: a copy that is not its own is deleted",
      from: "  await refuseStranger(plan, world);\n",
      to: "",
      killedBy: { file: guards, title: "leaves another guest that has its number by now" },
    },
    {
      name: "undo: a copy is known by its name alone",
      from: ' && description?.trim() === plan.request["description"]',
      to: "",
      killedBy: { file: guards, title: "leaves another guest that has its number by now" },
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
      from: "if (archive === undefined || archive.size <= 0) throw",
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
      from: "if (counterpart?.backedUp === true) {",
      to: "if (counterpart !== undefined) {",
      killedBy: {
        file: "test/unit/site/restore/losses.test.ts",
        title: "loses the content of a volume that the archive leaves out",
      },
    },
  ]),
];
