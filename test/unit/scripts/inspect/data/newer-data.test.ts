import { newerOf, type SourceLook } from "../../../../../scripts/inspect/data/newer-data";

const at = Date.UTC(2026, 10, 20, 1) / 1_000;
const hour = 3_600;
const bucket = "s3://far-away at https://s3.example.com";

type Dump = NonNullable<SourceLook["copies"]>["dumps"][number];

const dump = (name: string, time: number, more: Partial<Dump> = {}): Dump => ({
  dump: name,
  time,
  ageSeconds: 0,
  bytes: 1,
  encrypted: false,
  items: [
    { type: "roles", name: "roles", plainBytes: 1, counts: {} },
    { type: "database", name: "shop", plainBytes: 1, counts: {} },
    { type: "database", name: "it's", plainBytes: 1, counts: {} },
  ],
  ...more,
});

const common = {
  environment: "prod",
  guest: "web",
  source: "main",
  kind: "postgres",
  at: "03:00",
  enabled: true,
} as const;
const nothing = { problem: null, dumps: [], damaged: [], doubts: [] };
const copies = (more: Partial<NonNullable<SourceLook["copies"]>>): NonNullable<SourceLook["copies"]> => ({
  ...common,
  ...nothing,
  bucket,
  unseen: null,
  ...more,
});
const inGuest = (more: Partial<NonNullable<SourceLook["inGuest"]>>): NonNullable<SourceLook["inGuest"]> => ({
  ...common,
  unseen: null,
  lastRun: null,
  problem: null,
  pointInTime: null,
  drill: null,
  dumps: [],
  savePoints: [],
  ...more,
});
const wal = { fullBackup: at, backups: 1, earliest: at, failures: 0, waitingSeconds: null, problem: null };

const look = (more: Partial<SourceLook>): SourceLook => ({
  source: { name: "main", kind: "postgres" },
  selector: "prod/web",
  time: at,
  before: at + 24 * hour,
  inGuest: inGuest({}),
  copies: copies({}),
  point: undefined,
  ...more,
});

/** What is told of a source where nothing is brought. */
const told = (seen: SourceLook) => {
  const { sources, findings } = newerOf(seen);
  return [...sources.map(({ finding }) => finding), ...findings];
};

test("the newest dump that is left is told, with how much newer it is and a command for each database [H1, J3]", () => {
  const seen = look({
    inGuest: inGuest({ dumps: [dump("own", at + hour)] }),
    copies: copies({ dumps: [dump("far", at + 2 * hour, { encrypted: true }), dump("farther", at + hour)] }),
  });
  expect(newerOf(seen).findings).toEqual([]);
  expect(told(seen)).toEqual([
    {
      severity: "problem",
      text: expect.stringMatching(
        /^prod\/web: data of main are as old as its archive, of .*; the dump far \(s3:\/\/far-away .*\) is newer by 2 h; it is encrypted/u,
      ),
      mend: `lifeboat restore database prod/web shop --source main --dump far --from offsite; lifeboat restore database prod/web 'it'\\''s' --source main --dump far --from offsite`,
    },
  ]);
  const [source] = newerOf(seen).sources;
  expect(source).toMatchObject({ guest: "prod/web", source: "main", time: at + 2 * hour });
  const from = { kind: "dump", dump: "far", isElsewhere: true };
  expect(source?.things.map((thing) => thing.from)).toEqual([
    { ...from, database: "shop" },
    { ...from, database: "it's" },
  ]);
  const own = told({ ...seen, copies: undefined });
  expect(own[0]?.mend).toMatch(/^lifeboat restore database prod\/web shop --source main --dump own; /u);
});

test("what is as old as the archive, or older, is in it already [H1]", () => {
  const old = [dump("old", at), dump("older", at - hour)];
  expect(told(look({ inGuest: inGuest({ dumps: old }), copies: copies({ dumps: old }) }))).toEqual([]);
  expect(told(look({ copies: undefined }))).toEqual([]);
});

test("a dump that the guest has made since it came back holds its old data, and does not hide a copy of before [H1, J3]", () => {
  const since = [dump("since", at + 25 * hour)];
  const before = [dump("before", at + hour)];
  expect(told(look({ inGuest: inGuest({ dumps: since }), copies: copies({ dumps: [...since, ...before] }) }))).toEqual([
    expect.objectContaining({ mend: expect.stringContaining("--dump before --from offsite") }),
  ]);
  expect(told(look({ inGuest: inGuest({ dumps: since }) }))).toEqual([]);
});

const mendOf = (kind: "files" | "command"): string | undefined =>
  told(look({ source: { name: "main", kind }, copies: copies({ dumps: [dump("far", at + 1)] }) }))[0]?.mend;

test("files have a command of their own; of what no command loads the dumps are listed [H1]", () => {
  expect(mendOf("files")).toBe("lifeboat restore files prod/web main --dump far --from offsite");
  expect(mendOf("command")).toBe("lifeboat data prod/web --from offsite");
});

const reaching = (latest: number) => inGuest({ pointInTime: { ...wal, unseen: null, latest } });
const ended = (time: number) => ({ kind: "transaction", xid: "738", timeline: 1, time }) as const;

test("WAL leads to its last transaction, where no dump is newer; what nobody can tell of it is told [H1, I7]", () => {
  expect(told(look({ inGuest: reaching(at) }))).toEqual([]);
  const ahead = look({ inGuest: reaching(at + hour), point: ended(at + hour - 60) });
  const command = "lifeboat restore point-in-time prod/web main --xid 738 --timeline 1";
  expect(newerOf(ahead)).toEqual({
    findings: [],
    sources: [
      expect.objectContaining({
        time: at + hour - 60,
        things: [{ from: { kind: "point", xid: "738", timeline: 1 }, command }],
        finding: expect.objectContaining({ severity: "problem", mend: command }),
      }),
    ],
  });
  const [within, behind] = [at + hour - 30, at + hour + 60].map((time) => copies({ dumps: [dump("far", time)] }));
  expect(told({ ...ahead, copies: within })).toEqual([expect.objectContaining({ mend: command })]);
  expect(told({ ...ahead, copies: behind })[0]?.mend).toContain("--dump far");
  expect(told({ ...ahead, point: { kind: "none" } })).toEqual([]);
  expect(told({ ...ahead, point: { kind: "unclear", why: "it is torn" } })).toEqual([
    expect.objectContaining({
      severity: "problem",
      text: expect.stringMatching(/reaches until 2026-11-20 02:00:00 UTC: it is torn$/u),
      mend: expect.stringContaining(
        "lifeboat restore point-in-time prod/web main --at '2026-11-20 02:00:00' --dry-run",
      ),
    }),
  ]);
  const silent = inGuest({ pointInTime: { ...wal, unseen: "no answer", latest: null } });
  expect(told(look({ inGuest: silent }))).toEqual([
    expect.objectContaining({ severity: "problem", text: expect.stringMatching(/archive of WAL .*: no answer$/u) }),
  ]);
});

test("what could not be looked at, and a copy that is damaged, are told, and are not nothing newer [H1, K3]", () => {
  const texts = told(
    look({ inGuest: inGuest({ unseen: "it is off" }), copies: copies({ unseen: "it does not answer" }) }),
  ).map(({ severity, text, mend }) => [severity, text, mend]);
  expect(texts).toEqual([
    ["problem", expect.stringMatching(/could not be seen: it is off$/u), "lifeboat data prod/web"],
    [
      "problem",
      expect.stringMatching(/could not be seen: it does not answer$/u),
      "lifeboat data prod/web --from offsite",
    ],
  ]);
  const broken = told(look({ copies: copies({ damaged: [{ dump: "far", why: "its sum is another" }] }) }));
  expect(broken).toEqual([expect.objectContaining({ text: expect.stringContaining("far: its sum is another") })]);
  const older = [{ dump: "2026-11-19/postgres/main-010000Z", why: "its sum is another" }];
  expect(told(look({ copies: copies({ damaged: older }) }))).toEqual([]);
});
