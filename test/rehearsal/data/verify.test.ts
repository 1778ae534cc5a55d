import * as z from "zod";
import { verifyShape } from "../../../scripts/inspect/verify/shape";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { commandSource, InstalledSource, postgresSource } from "./support/data-source";
import { DataSite } from "./support/data-site";

// Dumps that lie in a real guest are read again by its own program, over SSH.
const folder = "/var/backups/lifeboat";

let guest: DatabaseGuest;
let site: DataSite;
let shop: InstalledSource;
let sealed: InstalledSource;

(process.getuid?.() === 0 ? describe : describe.skip)("lifeboat verify reads dumps again", () => {
  beforeAll(async () => {
    guest = await DatabaseGuest.start({ room: 1024 });
    await guest.startPostgres();
    shop = new InstalledSource(guest, postgresSource({ databases: ["shop"] }));
    sealed = new InstalledSource(guest, commandSource({ name: "sealed", command: "seq 1000" }));
    site = new DataSite([
      {
        name: "db",
        id: 101,
        guest,
        data: ["shop: { kind: postgres }", "sealed: { kind: command, command: seq 1000 }"],
      },
    ]);
    await guest.must(
      `runuser -u postgres -- psql -qX -c 'CREATE DATABASE shop' && ` +
        `runuser -u postgres -- psql -qX -d shop -c 'CREATE TABLE orders AS SELECT generate_series(1, 300) n'`,
    );
    await shop.dump();
    await sealed.dump();
  }, 300_000);

  afterAll(() => site?.stop());

  test("whole ones are good, each source told [I4, E1]", async () => {
    const found = await verify();
    expect(found).toMatchObject({ code: 0, good: true });
    expect(
      found.dumps?.map(({ source, dumps, missing }) => [source, dumps.map(({ result }) => result), missing]),
    ).toEqual([
      ["sealed", ["whole"], []],
      ["shop", ["whole"], []],
    ]);
    expect(found.environments).toBeUndefined();
    const { stdout } = await site.lifeboat(["verify", "--guest", "db", "--dumps"]);
    expect(stdout).toContain("✓ prod/db shop: 1 of 1 dump is whole");
  });

  test.each<[string, string, string]>([
    [
      "a bit has turned over",
      "printf x | dd of=item-2.dump.zst bs=1 seek=40 conv=notrunc status=none",
      "not what was written",
    ],
    ["a file is cut off", "truncate -s -1 item-2.dump.zst", "not as long as it was written"],
    ["a file is gone", "rm item-1.dump.zst", "a file of it is missing"],
    [
      "somebody has put other bytes there, with checksums of theirs",
      "echo other | zstd -qf -o item-2.dump.zst; size=$(stat -c %s item-2.dump.zst); " +
        `sed -i -E "s/(item-2.*\\"bytes\\":)[0-9]+/\\1$size/" manifest.json; sha256sum item-* manifest.json > SHA256SUMS`,
      "does not hold what was dumped",
    ],
    [
      "it has everything of a dump, and is no archive of PostgreSQL",
      "echo other | zstd -qf -o item-2.dump.zst; size=$(stat -c %s item-2.dump.zst); sum=$(echo other | sha256sum | cut -d ' ' -f 1); " +
        `sed -i -E "s/(item-2.*\\"bytes\\":)[0-9]+/\\1$size/; s/(item-2.*\\"plainSha256\\":\\")[0-9a-f]+/\\1$sum/" manifest.json; ` +
        "sha256sum item-* manifest.json > SHA256SUMS",
      "pg_restore cannot list item-2.dump.zst",
    ],
  ])("%s: 3, by the guest's and the source's name [I4, E1]", async (_, script, why) => {
    await spoilt(shop, script, async (dump) => {
      const found = await verify();
      expect(found).toMatchObject({ code: 3, good: false });
      const [first] = found.dumps?.find(({ source }) => source === "shop")?.dumps ?? [];
      expect(first).toMatchObject({ dump, result: "damaged", problem: expect.stringContaining(why) });
      expect(found.stderr).toContain(`prod/db: dump ${dump} of shop is damaged`);
      expect(found.stderr).toContain("make a dump now: lifeboat backup data prod/db shop");
      expect(found.dumps?.find(({ source }) => source === "sealed")?.dumps).toMatchObject([{ result: "whole" }]);
    });
    expect((await verify()).code).toBe(0);
  });

  test("the guest's program itself tells what is whole, what holds other bytes, and what has lost a part [I4, E1]", async () => {
    const [dump] = await sealed.manifests();
    const name = dump?.name ?? "";
    const told = async (): Promise<string> => (await sealed.program("verify", [name])).stdout.trim();
    expect(await told()).toBe('{"version":1,"result":"good"}');
    const replaced =
      "echo other | zstd -qf -o item-1.dump.zst; size=$(stat -c %s item-1.dump.zst); " +
      `sed -i -E "s/(\\"bytes\\":)[0-9]+/\\1$size/" manifest.json; sha256sum item-* manifest.json > SHA256SUMS`;
    await spoilt(sealed, replaced, async () => {
      expect(await told()).toBe(
        '{"version":1,"result":"damaged","why":"item-1.dump.zst does not hold what was dumped"}',
      );
    });
    await spoilt(sealed, "truncate -s -1 item-1.dump.zst", async () => {
      expect((await sealed.program("broken")).stdout.trim()).toBe(name);
    });
    expect((await sealed.program("broken")).stdout).toBe("");
  });

  test("a run of days ago whose dump is gone is missed, by what the retention would keep [I3, E1]", async () => {
    const [dump] = await sealed.manifests();
    const day = await guest.must("date -u -d '4 days ago' +%F");
    const older = `${day.trim()}/command/sealed-030100Z`;
    const text = `mkdir -p ${folder}/${older} && cp -a ${folder}/${dump?.name ?? ""}/. ${folder}/${older} && cd ${folder}/${older} && `;
    await guest.must(
      `${text} sed -i 's#"dump":"[^"]*"#"dump":"${older}"#' manifest.json && sha256sum item-* manifest.json > SHA256SUMS`,
    );
    const found = await verify();
    await guest.must(`rm -r ${folder}/${older}`);
    const source = found.dumps?.find((one) => one.source === "sealed");
    expect(found.code).toBe(3);
    expect(source?.dumps.map(({ result }) => result)).toEqual(["whole", "whole"]);
    expect(source?.missing.length).toBeGreaterThanOrEqual(2);
  });

  test("a guest that cannot be asked is not good, and nothing of it is called missing [E1, K6]", async () => {
    const found = await site.cutOff(() => verify());
    expect(found).toMatchObject({ code: 3, good: false });
    expect(found.dumps?.map(({ unseen, dumps, missing }) => [unseen !== null, dumps, missing])).toEqual([
      [true, [], []],
      [true, [], []],
    ]);
  });
});

async function verify(...words: readonly string[]) {
  const { code, stdout, stderr } = await site.lifeboat(["verify", "prod", "--dumps", "--json", ...words]);
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  return { code, stderr, ...verifyShape.parse(value) };
}

/** What somebody does to a file of the newest dump of a source, for as long as something is tried. */
async function spoilt<Result>(source: InstalledSource, script: string, work: (dump: string) => Promise<Result>) {
  const [dump] = await source.manifests();
  const place = `${folder}/${dump?.name ?? ""}`;
  await guest.must(`cp -a ${place} /srv/kept && cd ${place} && ${script}`);
  try {
    return await work(dump?.name ?? "");
  } finally {
    await guest.must(`rm -rf ${place} && mv /srv/kept ${place}`);
  }
}
