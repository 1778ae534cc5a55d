import * as z from "zod";
import { dataShape } from "../../../scripts/inspect/data/shape";
import { pointInTimeShapes } from "../../../scripts/recovery/point-in-time/plan";
import { pointInTimePlaces } from "../../../site/data/point-in-time/places";
import { timed } from "../../support/timed";
import { expectExit } from "../support/demo-site";
import { expectOwnBucketOnly } from "../support/recovery-key";
import { changeSettings } from "../support/store-settings";
import { type FarSite, shop } from "./far-site";

const recoverySecrets = z.object({
  db: z.object({
    shop: z.object({
      password: z.string(),
      pointInTime: z.object({ accessKey: z.string(), secretKey: z.string(), passphrase: z.string() }),
    }),
  }),
});

const recoveredSchema = z.object({
  data: z.array(z.looseObject({})),
  environments: z.array(z.object({ guests: z.array(z.object({ guest: z.string(), result: z.string() })) })),
});

/** WAL goes to the site's own store, and a cluster comes back from there. */
export function ownStore({ inGuest, lifeboat, postgres, settings, site, storeAddress, text }: FarSite): void {
  /** Neither in a state, nor in a unit, a log or the arguments of anything that runs in the guest. */
  async function expectSecret(secrets: readonly string[]): Promise<void> {
    for (const name of ["monitoring", "prod"]) {
      const exported = expectExit(await site.pulumi(name, "stack", "export"), [0], "stack export").stdout;
      for (const secret of secrets) expect(exported).not.toContain(secret);
    }
    const shown = await inGuest(
      "cat /etc/systemd/system/lifeboat-* /proc/[0-9]*/cmdline 2>/dev/null; journalctl --no-pager",
    );
    for (const secret of secrets) expect(shown).not.toContain(secret);
  }

  test("has a bucket and a key for WAL made with one line of settings, and the cluster goes back to before a mistake [I7, 003 AC4]", async () => {
    changeSettings(settings, [[[...shop, "pointInTime"], { archiveTimeout: "1m", restart: true }]]);
    // Nobody makes a bucket, a key or a passphrase, and the environment that has the store is brought up unasked.
    expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
    for (const name of ["monitoring", "prod"]) {
      expectExit(await site.pulumi(name, "preview", "--expect-no-changes"), [0], `the second preview of ${name}`);
    }
    const made = recoverySecrets.parse(JSON.parse(await text("prod", "lifeboat:dataSecrets"))).db.shop;
    expect(made.pointInTime.accessKey).toMatch(/^lifeboat@recovery-prod-db-[0-9a-f]{8}$/u);
    await expectSecret([made.pointInTime.secretKey, made.pointInTime.passphrase]);
    const ca = await text("monitoring", "lifeboat:stateStoreAuthority");
    await expectOwnBucketOnly(site, { endpoint: `https://${storeAddress}:9000`, ca }, made.pointInTime);
    await inGuest(`until ${pointInTimePlaces.program} has-backup shop; do sleep 0.5; done`);
    await postgres("CREATE DATABASE ledger;");
    await postgres("CREATE TABLE marks (number int); INSERT INTO marks SELECT generate_series(1, 1000);", "ledger");
    const kept = await postgres("INSERT INTO marks VALUES (1001) RETURNING txid_current();", "ledger");
    await postgres("DROP TABLE marks;", "ledger");
    const words = ["restore", "point-in-time", "db", "shop", "--xid", kept, "--force", "--whole-cluster", "--json"];
    const recovered = await timed(
      "L8",
      "a cluster in a container back to a transaction, from the site's own store",
      () => lifeboat(...words),
    );
    const { message_type: _type, ...report } = z
      .looseObject({})
      .parse(JSON.parse(expectExit(recovered, [0], "the recovery").stdout));
    expect(pointInTimeShapes["report"]?.parse(report)).toMatchObject({ guest: "prod/db" });
    expect(await postgres("SELECT count(*), max(number) FROM marks", "ledger")).toBe("1001|1001");
    const looked = await lifeboat("data", "db", "--json");
    const { message_type: _result, ...seen } = z.looseObject({}).parse(JSON.parse(looked.stdout));
    const source = dataShape.parse(seen).sources.find((one) => one.source === "shop");
    expect(source?.pointInTime).toMatchObject({ unseen: null, problem: null, failures: 0 });
  });

  test("brings the cluster of a guest that was lost to the last transaction that was archived, though its backup is older [H1, I7]", async () => {
    expectExit(await lifeboat("backup", "db"), [0], "the backup");
    await postgres("INSERT INTO marks SELECT generate_series(1002, 5000);", "ledger");
    await postgres("INSERT INTO marks VALUES (5001);", "ledger");
    await inGuest(`${pointInTimePlaces.program} flush shop`);
    expectExit(await site.byHand("destroy", "db"), [0], "destroying db");
    const words = ["recover", "--only", "prod/db", "--force", "--json"];
    const recovered = await timed(
      "L8",
      "a lost guest back from its backup, and its cluster to the last transaction",
      () => lifeboat(...words),
    );
    const { data, environments } = recoveredSchema.parse(JSON.parse(recovered.stdout));
    expect(data).toEqual([expect.objectContaining({ guest: "prod/db", source: "shop", result: "latest" })]);
    expect(environments.flatMap(({ guests }) => guests.map(({ guest, result }) => [guest, result]))).toContainEqual([
      "prod/db",
      "back",
    ]);
    expect(await postgres("SELECT count(*), max(number) FROM marks", "ledger")).toBe("5001|5001");
  });

  test("another folder has another passphrase and another secret, which shuts the former one out, and the former folder is opened again [I7, N6]", async () => {
    const ca = await text("monitoring", "lifeboat:stateStoreAuthority");
    const place = { endpoint: `https://${storeAddress}:9000`, ca };
    const keys = async () =>
      recoverySecrets.parse(JSON.parse(await text("prod", "lifeboat:dataSecrets"))).db.shop.pointInTime;
    const former = await keys();
    changeSettings(settings, [[[...shop, "pointInTime", "folder"], "prod/db-2"]]);
    expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
    const next = await keys();
    expect(next.passphrase).not.toBe(former.passphrase);
    await expectOwnBucketOnly(site, place, next);
    await expect(expectOwnBucketOnly(site, place, former)).rejects.toThrow("SignatureDoesNotMatch");
    await inGuest(`until ${pointInTimePlaces.program} has-backup shop; do sleep 0.5; done`);

    changeSettings(settings, [[[...shop, "pointInTime", "folder"], undefined]]);
    expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
    expect((await keys()).passphrase).toBe(former.passphrase);
  });

  test("keeps what is archived when it is no longer declared, and PostgreSQL goes on without [I7, I9]", async () => {
    changeSettings(settings, [[[...shop, "pointInTime"], undefined]]);
    expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview"), [0], "pulumi up");
    expect(await postgres("SELECT setting FROM pg_settings WHERE name = 'archive_command'")).toBe("/bin/true");
    expect(
      await inGuest(
        `ls /etc/pgbackrest/lifeboat-shop 2>/dev/null; systemctl list-timers --all --no-legend 'lifeboat-pitr-*'`,
      ),
    ).toBe("");
    await postgres("DROP DATABASE ledger;");
  });
}
