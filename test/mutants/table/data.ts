import { inFile } from "../mutant";

const faults = "test/rehearsal/data/faults.test.ts";
const postgres = "test/rehearsal/data/postgres.test.ts";
const copies = "test/commands/restore-data/offsite.test.ts";
const killed = "test/rehearsal/data/killed-lines.test.ts";
const retention = "test/components/data/retention.test.ts";

const report = "test/rehearsal/data/report.test.ts";
const verify = "test/rehearsal/data/verify.test.ts";

/** What a guest's dumps are worth: which are good, and which are removed. */
export const dataMutants = [
  ...inFile("components/data/data-backup.ts", [
    {
      name: "data: what installs a source lies open in the state",
      from: "stdin: pulumi.secret(stdin),",
      to: "stdin,",
      killedBy: {
        file: "test/components/data/own-program.test.ts",
        title: "a source of data is declared in a program of one's own",
      },
    },
  ]),
  ...inFile("site/arguments/data.ts", [
    {
      name: "data: what is left out of a dump is forgotten on the way to the guest",
      from: "...commonArguments(source), ...named, exclude: [...exclude] }",
      to: "...commonArguments(source), ...named }",
      killedBy: {
        file: "test/unit/site/arguments/arguments.test.ts",
        title: "the fullest of files is the same, declared in code",
      },
    },
  ]),
  ...inFile("components/data/guest-program/run.ts", [
    {
      name: "data: what is read again need not be what was written",
      from: "|| fail 'it is not what was written'",
      to: "|| true",
      killedBy: { file: faults, title: "a dump that is not what was written when it is read again" },
    },
    {
      name: "data: sums that did not fit on the disk are sums",
      from: "sha256sum item-* manifest.json >SHA256SUMS)",
      to: "sha256sum item-* manifest.json >SHA256SUMS) || true",
      killedBy: { file: faults, title: "a disk that is full when only the manifest or its sums are left to write" },
    },
    {
      name: "data: a dump comes to its name file by file",
      from: 'mv -T "$stage/dump" "$folder/$dump"',
      to: 'mkdir "$folder/$dump"\n\tmv "$stage/dump"/item-* "$folder/$dump"\n\tmv "$stage/dump"/* "$folder/$dump"',
      killedBy: { file: killed, title: "at each line of a run for files" },
    },
    {
      name: "data: a status that is half written takes the place of a whole one",
      from: 'mv "$state/status.json.new" "$state/status.json"',
      to: ': >"$state/status.json"\n\tcat "$state/status.json.new" >"$state/status.json"',
      killedBy: { file: killed, title: "at each line of a run for files" },
    },
    {
      name: "data: an empty restore is as good as a full one",
      from: '[ "$count" -gt 0 ] ||',
      to: '[ "$count" -ge 0 ] ||',
      killedBy: { file: faults, title: "a dump that restores into an empty database" },
    },
    {
      name: "data: a folder that lost its dumps is a first time",
      from: '[ -s "$state/made" ] &&',
      to: '[ -s "$state/made.new" ] &&',
      killedBy: { file: faults, title: "a disk that is not mounted is no first time" },
    },
    {
      name: "data: two runs work at once",
      from: "if ! flock -w 5 9; then",
      to: "if false; then",
      killedBy: { file: faults, title: "a second run at the same time says so" },
    },
  ]),
  ...inFile("components/data/guest-program/verify.ts", [
    {
      name: "data: what a dump holds need not be what was dumped",
      from: '|| damaged "$file does not hold what was dumped"',
      to: "|| true",
      killedBy: { file: verify, title: "the guest's program itself tells what is whole" },
    },
    {
      name: "data: a dump that lost a part is seen by nobody",
      from: 'if [ ! -e "$lying" ] || is_whole "$lying"; then continue; fi',
      to: "continue",
      killedBy: { file: verify, title: "the guest's program itself tells what is whole" },
    },
  ]),
  ...inFile("components/data/report/scripts.ts", [
    {
      name: "data: anybody may ask how dumps are",
      from: "grep -qxF -e",
      to: "grep -q -e",
      killedBy: { file: report, title: "answers nobody else" },
    },
    {
      name: "data: the network reads the words of logs",
      from: '"(message|held|why)"',
      to: '"(held|why)"',
      killedBy: { file: report, title: "says how each source's last run ended" },
    },
  ]),
  ...inFile("components/data/guest-program/run.ts", [
    {
      name: "data: nobody tells of a run that was killed",
      from: `grep -q '"result":"running"' "$state/status.json" 2>/dev/null || return 0`,
      to: "return 0",
      killedBy: { file: killed, title: "at each line of a run for command" },
    },
  ]),
  ...inFile("components/data/guest-program/retention.ts", [
    {
      name: "data: a clock that was set back removes dumps",
      from: "if (time[1] > made_time)",
      to: "if (time[1] > made_time + 1e9)",
      killedBy: { file: retention, title: "the guest's shell removes what the rule removes" },
    },
  ]),
  ...inFile("scripts/recovery/restore-data/make-plan.ts", [
    {
      name: "data: a damaged copy is passed over in silence",
      from: "if (broken === undefined) return;",
      to: "if (broken === undefined || chosen !== undefined) return;",
      killedBy: { file: copies, title: "another manifest under its name is refused" },
    },
  ]),
  ...inFile("scripts/clients/offsite-copies.ts", [
    {
      name: "data: of a copy that was written over the last version counts",
      from: "locked.sort((a, b) => a.end - b.end)",
      to: "locked.sort((a, b) => b.end - a.end)",
      killedBy: { file: copies, title: "written over: the first counts" },
    },
  ]),
  ...inFile("components/data/guest-program/postgres.ts", [
    {
      name: "data: a copy is dropped that load has not made",
      from: '[ "$marked" -eq 1 ] ||',
      to: '[ "$marked" -ge 0 ] ||',
      killedBy: { file: postgres, title: "databases with any name and passwords with any character" },
    },
  ]),
];
