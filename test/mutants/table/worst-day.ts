import { inFile, type Mutant } from "../mutant";

const kit = "test/commands/kit/kit.test.ts";
const recover = "test/commands/recover/recover.test.ts";
const otherNumber = "test/commands/recover/other-number.test.ts";
const newer = "test/unit/scripts/inspect/data/newer-data.test.ts";
const recoverCopies = "test/commands/recover/from-offsite.test.ts";
const check = "test/unit/scripts/inspect/check/data-subjects.test.ts";
const notify = "test/commands/status/notify.test.ts";
const fetched = "test/commands/restore/from-offsite.test.ts";
const copies = "test/components/offsite/archive-copies-run.test.ts";
const copied = "test/unit/scripts/clients/offsite-copies.test.ts";
const offsite = "test/commands/status/offsite.test.ts";

/** What a site is recovered with and checked by: recover, check, kit, what is told, and copies elsewhere. */
export const worstDayMutants: readonly Mutant[] = [
  ...inFile("scripts/recovery/recover/guests-step.ts", [
    {
      name: "recover: what is there by now is restored over",
      from: 'if (look.way !== "resume") {',
      to: "if (false as boolean) {",
      killedBy: { file: recover, title: "a guest that somebody has brought back meanwhile" },
    },
    {
      name: "recover: a stack makes empty what did not arrive from elsewhere",
      from: "(look.mayBeElsewhere === true || look.ownStack === true) &&",
      to: "(false as boolean) &&",
      killedBy: { file: recoverCopies, title: "a copy that breaks off on its way" },
    },
  ]),
  ...inFile("scripts/inspect/data/newer-data.ts", [
    {
      name: "recover: data are as new as they can be, whatever lies elsewhere",
      from: "dump.time > time && dump.time < before)",
      to: "dump.time < 0)",
      killedBy: { file: newer, title: "the newest dump that is left" },
    },
    {
      name: "recover: a dump of the guest that came back hides a newer copy",
      from: "dump.time > time && dump.time < before)",
      to: "dump.time > time && dump.time > 0)",
      killedBy: { file: newer, title: "a dump that the guest has made since" },
    },
    {
      name: "recover: what could not be looked at is nothing newer",
      from: "if (copies?.unseen !== null && copies !== undefined) {",
      to: "if (copies === null) {",
      killedBy: { file: newer, title: "what could not be looked at" },
    },
  ]),
  ...inFile("scripts/recovery/recover/number-taken.ts", [
    {
      name: "recover: another guest under the number is taken for the one that is meant",
      from: "if (!isCertainlyAnother(whose, meant.name ?? guest.name)) return undefined;",
      to: 'if (!isCertainlyAnother(whose, meant.name ?? guest.name) || guest.name !== "") return undefined;',
      killedBy: { file: recover, title: "a guest whose number another has is not there" },
    },
    {
      name: "recover: a guest that cannot be read is taken for the one that is meant",
      from: 'if (typeof present === "string") {',
      to: 'if (typeof present === "string" && present === "") {',
      killedBy: { file: recover, title: "a guest whose number another has is not there" },
    },
  ]),
  ...inFile("scripts/recovery/recover/data-step.ts", [
    {
      name: "recover: data that were restored already are restored again",
      from: 'if (before?.state === "done") return [];',
      to: 'if (before?.state === "done" && command === "") return [];',
      killedBy: { file: recoverCopies, title: "cut off while they are restored" },
    },
    {
      name: "recover: data that could not be brought back are not told",
      from: "return why === undefined",
      to: "return why !== null",
      killedBy: { file: recoverCopies, title: "that break off on their way" },
    },
  ]),
  ...inFile("scripts/recovery/recover/look-elsewhere.ts", [
    {
      name: "recover: a bucket that does not answer has no copies",
      from: "if (exitCode === exitCodes.nothing) return { why: reason, isNone: true };",
      to: "if (exitCode !== undefined) return { why: reason, isNone: true };",
      killedBy: { file: recoverCopies, title: "a bucket that does not answer is not one without copies" },
    },
    {
      name: "recover: each copy has room, and all of them have not",
      from: "if (bytes <= room) continue;",
      to: "if (bytes > 0) continue;",
      killedBy: { file: recoverCopies, title: "copies that have no room together" },
    },
  ]),
  ...inFile("scripts/recovery/recover/lacking.ts", [
    {
      name: "recover: a stack makes empty what may lie elsewhere",
      from: "isOffItsNode(guest) || isOutOfReach(guest)",
      to: "isOffItsNode(guest)",
      killedBy: { file: recoverCopies, title: "a bucket that does not answer is not one without copies" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/other-number.ts", [
    {
      name: "recover: archives under the number that a guest had before are none",
      from: "if (first !== undefined) throw archivesUnder(missed, first);",
      to: "if (first === null) throw archivesUnder(missed, first);",
      killedBy: { file: otherNumber, title: "archives of a guest whose number was changed" },
    },
  ]),
  ...inFile("scripts/recovery/recover/look-at-guests.ts", [
    {
      name: "recover: archives that cannot be seen are none",
      from: "if (!isNone) return",
      to: "if (isNone === undefined) return",
      killedBy: { file: recover, title: "archives that cannot be listed are not taken for none" },
    },
    {
      name: "recover: a guest that was made by hand is made anew",
      from: 'return kind === "adopted" ? "none" : "anew";',
      to: 'return kind === "adopted" ? "anew" : "anew";',
      killedBy: { file: recover, title: "a guest that was made by hand, and has no archive" },
    },
    {
      name: "recover: guests that are left out are looked at like the others",
      from: "guests.filter(({ name }) => isAsked(session.asked, environment.name, name))",
      to: "guests.filter(() => true)",
      killedBy: { file: recover, title: "what a guest that is left out would lose is nobody's question" },
    },
  ]),
  ...inFile("scripts/recovery/recover/lacking.ts", [
    {
      name: "recover: a stack makes guests that are left out",
      from: "look.trouble === undefined && mayBringUp(look) && (",
      to: "look.trouble === undefined && (",
      killedBy: { file: recover, title: "a guest that is left out stays as it is" },
    },
    {
      name: "recover: stacks that a killed run had left behind stay so",
      from: "((unfinished === true || !job) && isStackAsked(look))",
      to: "(!job && isStackAsked(look))",
      killedBy: { file: "test/commands/kill/recover.test.ts", title: "killed at each step" },
    },
  ]),
  ...inFile("scripts/recovery/recover/check-step.ts", [
    {
      name: "recover: a site is proven whatever the check finds",
      from: "proven: isNewest && isUp && findings.length === 0",
      to: "proven: isNewest && isUp",
      killedBy: { file: recover, title: "a guest that is left out stays as it is" },
    },
  ]),
  ...inFile("scripts/recovery/recover/stack-steps.ts", [
    {
      name: "recover: an update deletes what nobody has consented to",
      from: "asked.given[lossFlag] === true ? sequence : withoutLosses(sequence)",
      to: "sequence",
      killedBy: { file: recover, title: "an update that would delete something" },
    },
  ]),
  ...inFile("scripts/recovery/recover/report.ts", [
    {
      name: "recover: what is lost is counted to a beginning of weeks ago",
      from: "return age > before ? age - before : age;",
      to: "return Math.max(0, age - before);",
      killedBy: { file: "test/unit/scripts/recovery/recover/report.test.ts", title: "three weeks later a new loss" },
    },
  ]),
  ...inFile("scripts/inspect/check/data-subjects.ts", [
    {
      name: "check: a broken archive of WAL is in order",
      from: "    ...archiveProblems(seen).map((text) => ({ text, next })),\n",
      to: "",
      killedBy: { file: check, title: "a source with a good dump is green only where its archive is, too" },
    },
    {
      name: "check: an archive that nobody could look at is known",
      from: 'isBlind ? { ...found, verdict: "unknown" } : found',
      to: "found",
      killedBy: { file: check, title: "an archive that nobody could look at is unknown" },
    },
  ]),
  ...inFile("scripts/inspect/check/subject.ts", [
    {
      name: "check: what could not be looked at is good",
      from: 'verdict === "problem" || verdict === "unknown"',
      to: 'verdict === "problem"',
      killedBy: { file: check, title: "what could not be looked at is as bad as a problem" },
    },
  ]),
  ...inFile("scripts/inspect/kit/clear-secrets.ts", [
    {
      name: "kit: a private key beside a certificate is no secret",
      from: "...keys.map(({ name }) => `a private key in ${name}`)",
      to: "",
      killedBy: { file: kit, title: "a certificate that lies together with its private key" },
    },
    {
      name: "kit: a secret that is encrypted in part is encrypted",
      from: "if (entries.length === 1 && only?.[0]",
      to: "if (only?.[0]",
      killedBy: { file: kit, title: "a secret in the clear of one in part" },
    },
    {
      name: "kit: settings that cannot be read hold no secret",
      from: "return [`whatever the settings of ${name} hold, which cannot be read`];",
      to: "return [];",
      killedBy: { file: kit, title: "a secret in the clear of one that cannot be read" },
    },
  ]),
  ...inFile("scripts/inspect/kit/write-kit.ts", [
    {
      name: "kit: somebody's file is replaced",
      from: "if (!force) requireOwn(file, hasSecrets);",
      to: "",
      killedBy: { file: kit, title: "status says that the file of the settings is missing, changed or older" },
    },
  ]),
  ...inFile("scripts/clients/notify/post.ts", [
    {
      name: "notify: a server's answer tells the address",
      from: "plainText(redactorOf({ url, headers }).redact(await beginningOf(response)))",
      to: "plainText(await beginningOf(response))",
      killedBy: { file: notify, title: "a server that repeats what it was sent" },
    },
    {
      name: "notify: a redirect takes the secret to another host",
      from: 'redirect: "error",',
      to: 'redirect: "follow",',
      killedBy: { file: notify, title: "a redirect is not followed" },
    },
  ]),
  ...inFile("scripts/inspect/notify/notify.ts", [
    {
      name: "notify: what was not taken counts as told",
      from: "if (!(error instanceof NotSent)) throw error;",
      to: "if (!(error instanceof NotSent)) throw error;\n      after.set(channel.name, { at: now, matters });",
      killedBy: { file: notify, title: "what was not taken is a failure" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/fetch-archive.ts", [
    {
      name: "copies: what has a copy's name and size is the copy",
      from: "if (sum !== own.sha256) throw otherContent(volid, node, bucket);",
      to: "",
      killedBy: { file: fetched, title: "another one of its name on the storage is no copy of it" },
    },
  ]),
  ...inFile("scripts/clients/archive-inbox.ts", [
    {
      name: "copies: what was fetched gets its name before its sum is made",
      from: 'did not arrive as a whole" >&2; exit 1',
      to: 'did not arrive as a whole" >&2',
      killedBy: { file: fetched, title: "a connection that breaks leaves nothing that looks like an archive" },
    },
  ]),
  ...inFile("scripts/clients/offsite-archives.ts", [
    {
      name: "copies: sums may name files of any place",
      from: " || !belongsTo(archive, file)",
      to: "",
      killedBy: { file: fetched, title: "sums of another archive" },
    },
  ]),
  ...inFile("scripts/clients/offsite-copies.ts", [
    {
      name: "copies: sums of any length are read",
      from: "if (size > bytesAtMost)",
      to: "if (size > Infinity)",
      killedBy: { file: copied, title: "sums as large as nobody writes them" },
    },
  ]),
  ...inFile("scripts/inspect/status/offsite-status.ts", [
    {
      name: "copies: one of the future is the newest",
      from: "const first = own.find(({ time }) => time <= latest);",
      to: "const [first] = own;",
      killedBy: { file: offsite, title: "a copy of a time that is still to come" },
    },
  ]),
  ...inFile("components/offsite/archive-copies-script.ts", [
    {
      name: "copies: one of the future keeps a week's archive at home",
      from: "awk -v begun=\"$begun\" '$0 < begun'",
      to: "awk -v begun=\"$begun\" '$0 > 0'",
      killedBy: { file: copies, title: "a copy with a later time than any archive has" },
    },
    {
      name: "copies: a week's copy goes every night",
      from: 'if [ "$3" = weekly ] && is_early',
      to: 'if [ "$3" = never ] && is_early',
      killedBy: { file: copies, title: "3 days after the last copy it goes: false" },
    },
    {
      name: "copies: a save point is a backup",
      from: "grep -q '^lifeboat save point '",
      to: "grep -q '^lifeboat never '",
      killedBy: { file: copies, title: "what a restore has saved first is not copied" },
    },
  ]),
];
