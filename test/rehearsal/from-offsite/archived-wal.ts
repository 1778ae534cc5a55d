import { join } from "node:path";
import * as z from "zod";
import { pointInTimePlaces } from "../../../site/data/point-in-time/places";
import { sealSettings } from "../../support/sealed-settings";
import { expectExit } from "../support/demo-site";
import { changeSettings } from "../support/store-settings";
import { type FarSite, shop } from "./far-site";

const secretsSchema = z.object({ db: z.object({ shop: z.looseObject({}) }) });

/** Setting of the folder in the bucket. */
export const otherFolder = [...shop, "pointInTime", "folder"];

/** WAL of the cluster goes to a bucket in the other service, with a key and a passphrase that somebody has written down; a backup is there. */
export async function archiveElsewhere({ inGuest, settings, site, text, wal }: FarSite): Promise<void> {
  const store = {
    endpoint: "https://offsite:9000",
    address: "192.0.2.30",
    bucket: "far-away-wal",
    ca: "offsite-ca.pem",
  };
  changeSettings(settings, [[[...shop, "pointInTime"], { archiveTimeout: "1m", restart: true, store }]]);
  const secrets = secretsSchema.parse(JSON.parse(await text("prod", "lifeboat:dataSecrets")));
  const pointInTime = { ...wal, passphrase: "with ' and $ in it" };
  const db = { shop: { ...secrets.db.shop, pointInTime } };
  await sealSettings(settings, join(site.folder, "keys", "passphrase"), {
    "lifeboat:dataSecrets": JSON.stringify({ ...secrets, db }),
  });
  expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview"), [0], "pulumi up");
  await inGuest(`until ${pointInTimePlaces.program} has-backup shop; do sleep 0.5; done`);
}
