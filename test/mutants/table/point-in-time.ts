import { inFile, type Mutant } from "../mutant";

const choose = "test/unit/site/data/point-in-time/choose.test.ts";

const folders = "test/unit/site/state-store/recovery-keys.test.ts";

const earlierCluster = "test/rehearsal/data/earlier-cluster.test.ts";

/** Recovery of a PostgreSQL cluster to a point in time, and what opens its archive. */
export const pointInTimeMutants: readonly Mutant[] = [
  ...inFile("site/state-store/recovery-keys.ts", [
    {
      name: "point in time: what opened the former folder is thrown away",
      from: "const { [folder]: again, ...others } = { ...former, [keys.folder]: passphrase };",
      to: "const { [folder]: again, ...others }: Record<string, string> = { ...former };",
      killedBy: { file: folders, title: "keeps what opens the former one" },
    },
    {
      name: "point in time: settings of before bring a secret back that was replaced",
      from: "known?.folders?.includes(folder) === false",
      to: "known !== undefined",
      killedBy: { file: folders, title: "settings of before, from another checkout" },
    },
  ]),
  ...inFile("components/data/guest-program/point-in-time/install.ts", [
    {
      name: "point in time: the former archive never gets what it waits for",
      from: "  finish_former\n  write_configuration",
      to: "  write_configuration",
      killedBy: {
        file: "test/rehearsal/data/point-in-time.test.ts",
        title: "another folder and passphrase: the former archive gets first what it waits for",
      },
    },
  ]),
  ...inFile("components/data/guest-program/point-in-time/install.ts", [
    {
      name: "point in time: a cluster that was made anew is let into the archive of what came after",
      from: "  require_own_past\n  set_archiving",
      to: "  set_archiving",
      killedBy: { file: earlierCluster, title: "in a guest that was made anew it is not let into that archive" },
    },
    {
      name: "point in time: WAL arrives behind a segment that is refused",
      from: 'lock-path=%s/lock\\\\n\' "$kept" "$kept"',
      to: 'lock-path=%s/lock\\\\nspool-path=%s\\\\n[global:archive-push]\\\\narchive-async=y\\\\n\' "$kept" "$kept" "$kept"',
      killedBy: { file: earlierCluster, title: "brought back over itself it writes beside that archive" },
    },
  ]),
  ...inFile("components/data/guest-program/point-in-time/backup.ts", [
    {
      name: "point in time: backups of a cluster as it was before make those of what came after expire",
      from: "if ! is_own_past; then",
      to: "if false; then",
      killedBy: { file: earlierCluster, title: "brought back over itself it writes beside that archive" },
    },
  ]),
  ...inFile("components/data/guest-program/point-in-time/recover.ts", [
    {
      name: "point in time: what was recovered in place of a refused cluster archives nothing",
      from: "  archive_recovered\n  is_up",
      to: "  is_up",
      killedBy: { file: earlierCluster, title: "another folder takes it, and the same one what was recovered first" },
    },
  ]),
  ...inFile("components/data/guest-program/point-in-time/base.ts", [
    {
      name: "point in time: WAL waits for an hour, whatever was declared",
      from: '  . "$told/settings"',
      to: '  . "$told/settings"; archive_timeout=3600',
      killedBy: {
        file: "test/rehearsal/data/point-in-time.test.ts",
        title: "what was written lies in the store before the archive timeout has gone by",
      },
    },
  ]),
  ...inFile("site/data/point-in-time/choose.ts", [
    {
      name: "point in time: a segment that is missing on the way does not matter",
      from: "if (end === -1) return refused(10, missingText(missing ?? last));",
      to: 'if (end === -1) return { kind: "chosen", backup, timeline, ranges: rangesOf(names), segments: names.length };',
      killedBy: {
        file: choose,
        title: "a segment that is missing on the way is named; one behind the point does not matter",
      },
    },
    {
      name: "point in time: a backup leads to what lies before its end",
      from: "findLast(({ stopPosition }) => stopPosition < position)",
      to: "findLast(({ stopPosition }) => stopPosition <= position + 1n)",
      killedBy: { file: choose, title: "a backup does not lead to what lies before its end" },
    },
    {
      name: "point in time: a backup leads to a time before its end",
      from: "findLast(({ stop }) => stop < seconds)",
      to: "findLast(({ start }) => start - 86_400 < seconds)",
      killedBy: { file: choose, title: "before the first backup" },
    },
  ]),
  ...inFile("site/data/point-in-time/timelines.ts", [
    {
      name: "point in time: what an ancestor has backed up behind the branch leads to the child",
      from: "return ancestor !== undefined && stopPosition <= ancestor.until;",
      to: "return ancestor !== undefined;",
      killedBy: { file: choose, title: "has no backup that the ancestor made behind the branch" },
    },
    {
      name: "point in time: a time is always looked for on the present timeline",
      from: "history.began <= time) return timeline;",
      to: "history.began > 0) return timeline;",
      killedBy: { file: choose, title: "at 9 h is 1: what was left lies before the recovery, what runs behind it" },
    },
  ]),
  ...inFile("site/state-store/recovery-keys.ts", [
    {
      name: "recovery: a passphrase that is gone is made again",
      from: "return known[nameOf(one)]?.sources.includes(one.source) === true;",
      to: "return known[nameOf(one)]?.sources.includes(`${one.source} `) === true;",
      killedBy: {
        file: "test/commands/up/recovery-keys.test.ts",
        title: "a passphrase that is gone is not made again, for it would open nothing of what is archived: 13",
      },
    },
  ]),
  ...inFile("stacks/recovery-buckets.ts", [
    {
      name: "recovery: a guest's key opens the buckets of all",
      from: "policy: identityPolicy(bucket)",
      to: 'policy: identityPolicy("*")',
      killedBy: {
        file: "test/components/stacks/recovery-buckets.test.ts",
        title: "no guest's policy names the bucket of another, also where names look alike with a hyphen",
      },
    },
  ]),
];
