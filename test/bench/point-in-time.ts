import { setTimeout as sleep } from "node:timers/promises";
import { locatePoint, scanBy } from "../../scripts/recovery/point-in-time/locate";
import { bytesNeeded, type PointWish } from "../../site/data/point-in-time/choose";
import { PointInTimeGuest } from "../support/database-guest/point-in-time-guest";
import { medianOf, type Ratio } from "./measure";

const source = "shop";
const signal = new AbortController().signal;
const data = "/var/lib/postgresql/15/main";
/** Of the table, in MiB. */
const size = 1024;
const rounds = 2;

/** A moment of the cluster by each of its names, and how many marks were there. */
interface Moment {
  readonly wish: PointWish;
  readonly marks: number;
}

/**
 * A real cluster of a gigabyte, with a real pgBackRest and S3 server, back to a time, a transaction and a name, and all of them once
 * more, against pgBackRest by hand: stop, restore, start. What Lifeboat does besides: it finds the point in the archive, replays beside
 * the running database before anything counts, keeps what was there, and proves that WAL of the new one arrives. Its new full backup is
 * not in it.
 */
export async function measurePointInTime(progress: (line: string) => void): Promise<Ratio[]> {
  if (process.getuid?.() !== 0) {
    progress("left out: a cluster back to a point in time, which needs root");
    return [];
  }
  progress(`a cluster of ${String(size)} MiB to a point in time, and pgBackRest by hand`);
  const web = await PointInTimeGuest.start(progress, 12 * size);
  try {
    const moments = await fill(web);
    const { backups } = await web.program(source).facts(signal);
    const [backup] = backups;
    const byXid = moments.find(({ wish }) => wish.kind === "xid");
    if (backup === undefined || byXid === undefined) throw new Error("the archive has no backup");
    const against = await medianOf(rounds, () => byHand(web, backup.label, byXid));
    const lines: Ratio[] = [];
    const times = new Map<string, number[]>(moments.map(({ wish }) => [wish.kind, []]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { wish, marks } of moments) {
        const took = await medianOf(1, () => recover(web, `${wish.kind}-${String(round)}`, { wish, marks }));
        times.get(wish.kind)?.push(took);
        progress(`  by ${wish.kind}, round ${String(round)}: ${(took / 1000).toFixed(1)} s`);
      }
    }
    for (const [kind, [first = Number.NaN, second = Number.NaN]] of times) {
      const milliseconds = (first + second) / 2;
      lines.push({
        measure: "point in time",
        what: `1 GiB by ${kind} ÷ bare pgBackRest`,
        milliseconds,
        againstMilliseconds: against,
        ratio: milliseconds / against,
        // Measured: 1.3 to 1.5 on two busy processors. It starts a server twice, and asks the archive for all of its names.
        atMost: 2,
      });
    }
    return lines;
  } finally {
    await web.stop();
  }
}

/** A table of the size, a full backup, and behind it marks with points between them. */
async function fill(web: PointInTimeGuest): Promise<Moment[]> {
  await web.sql(
    `create table load as select i, repeat(md5(i::text), 31) from generate_series(1, ${String(size)} * 960) i`,
  );
  const bytes = Number(await web.sql("select pg_total_relation_size('load')"));
  if (bytes < size * 2 ** 20) throw new Error(`the table has ${String(bytes)} bytes only`);
  await web.sql("create table marks (number int)");
  await web.write(source);
  await web.mustVerb("install", source);
  await web.mustVerb("backup", source, "full");
  // The backup's end and a time are compared in whole seconds.
  await sleep(1100);
  await web.sql("insert into marks values (1)");
  const milliseconds = Number(await web.sql("select ceil(extract(epoch from clock_timestamp()) * 1000)"));
  await sleep(50);
  const xid = (await web.sql("begin; insert into marks values (2); select txid_current(); commit")).trim();
  await web.sql("insert into marks values (3)");
  await web.sql("select pg_create_restore_point('bench')");
  await web.sql("insert into marks values (4)");
  await web.program(source).flush(signal);
  return [
    { wish: { kind: "time", milliseconds }, marks: 1 },
    { wish: { kind: "xid", xid }, marks: 2 },
    { wish: { kind: "name", name: "bench" }, marks: 3 },
  ];
}

/** Everything up to the proof, by the guest's own verbs as the operation has them called. */
async function recover(web: PointInTimeGuest, id: string, { wish, marks }: Moment): Promise<void> {
  const program = web.program(source);
  await program.flush(signal);
  const facts = await program.facts(signal);
  const point = await locatePoint(facts, wish, 1, scanBy(program, facts, wish, signal));
  if ("kind" in point) throw new Error(`the archive does not reach ${id}`);
  const { backup, timeline, ranges } = point.choice;
  const bytes = bytesNeeded(point.choice, facts.segmentSize);
  const words = { id, backup: backup.label, wish, timeline, bytes, archive: facts.archive, ranges };
  await program.fetch(words, signal);
  await program.replay(id, undefined, signal);
  await program.swap(id, signal);
  await program.prove(id, signal);
  await program.finish(id, signal);
  await expectMarks(web, marks);
  await web.guest.must(`rm -rf ${data}.lifeboat-old-*`);
}

async function byHand(web: PointInTimeGuest, set: string, { wish, marks }: Moment): Promise<void> {
  if (wish.kind !== "xid") throw new Error("by hand it is a transaction");
  const restore = [
    "pgbackrest --config=/etc/pgbackrest/lifeboat-shop/pgbackrest.conf --stanza=shop --log-level-console=off",
    `--set=${set} --type=xid --target=${wish.xid} --target-timeline=1 --target-action=promote restore`,
  ].join(" ");
  await web.guest.must(`set -e
    pg_ctlcluster 15 main stop -m fast
    mv ${data} ${data}.before
    install -d -m 0700 -o postgres -g postgres ${data}
    cd / && runuser -u postgres -- ${restore}
    pg_ctlcluster 15 main start
    until [ "$(runuser -u postgres -- psql -XAtqc 'select pg_is_in_recovery()')" = f ]; do sleep 0.1; done`);
  await expectMarks(web, marks);
  await web.guest.must(`rm -rf ${data}.before`);
}

async function expectMarks(web: PointInTimeGuest, marks: number): Promise<void> {
  const found = await web.sql("select count(*) || ' ' || (select count(*) from load) from marks");
  if (found !== `${String(marks)} ${String(size * 960)}`)
    throw new Error(`it has ${found}, not ${String(marks)} marks`);
}
