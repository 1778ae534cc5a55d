import type { PointInTimeKeysGiven } from "../../../../site/settings/environment";
import {
  completeRecovery,
  type RecoveryChanges,
  type RecoverySource,
} from "../../../../site/state-store/recovery-keys";
import { recoveryIdentity } from "../../../../site/state-store/recovery-names";

/** What opens the WAL of guests in the site's own store, from one run of `lifeboat up` to the next. */
const source = (keys?: PointInTimeKeysGiven, folder = "prod/db", name = "shop"): RecoverySource => ({
  environment: "prod",
  guest: "db",
  source: name,
  folder,
  keys,
});
const keysIn = ({ own }: RecoveryChanges, name = "shop"): PointInTimeKeysGiven => {
  const found = own["prod"]?.["db"]?.[name]?.pointInTime;
  if (found === undefined) throw new Error(`nothing is written of ${name}`);
  return found;
};
const nothing = { recovery: undefined, own: {}, made: [], lost: [] };

const first = completeRecovery({}, [source()]);
const known = first.recovery ?? {};
const keys = keysIn(first);

test("what is complete is written no more [I7]", () => {
  expect(first.made).toEqual(["a key for the WAL of prod/db", "the passphrase for the WAL of shop in prod/db"]);
  expect(known).toEqual({
    "prod/db": { accessKey: keys.accessKey, secretKey: keys.secretKey, sources: ["shop"], folders: ["prod/db"] },
  });
  expect(completeRecovery(known, [source(keys)])).toEqual(nothing);
});

test("another folder gets another passphrase and its guest another secret, and keeps what opens the former one [I7, N6]", () => {
  const turned = completeRecovery(known, [source(keys, "prod/db-2")]);
  const next = keysIn(turned);
  expect(turned.made).toEqual([
    "another secret for the WAL of prod/db",
    "another passphrase for the WAL of shop in prod/db, which begins anew in prod/db-2",
  ]);
  expect(next).toMatchObject({ folder: "prod/db-2", former: { "prod/db": keys.passphrase } });
  expect(next.accessKey).toBe(keys.accessKey);
  expect(next.secretKey).not.toBe(keys.secretKey);
  expect(next.passphrase).not.toBe(keys.passphrase);
  expect(turned.recovery?.["prod/db"]).toMatchObject({
    secretKey: next.secretKey,
    folders: ["prod/db", "prod/db-2"],
  });
  expect(completeRecovery(turned.recovery ?? {}, [source(next, "prod/db-2")])).toEqual(nothing);

  // The folder of before is opened by what opened it, whoever has that; the secret stays the new one.
  const again = keysIn(completeRecovery(turned.recovery ?? {}, [source(next, "prod/db")]));
  expect(again).toEqual({
    accessKey: keys.accessKey,
    secretKey: next.secretKey,
    passphrase: keys.passphrase,
    folder: "prod/db",
    former: { "prod/db-2": next.passphrase },
  });
});

test("another source of the guest gets the other secret with it, and keeps its archive [I7]", () => {
  const both = completeRecovery(known, [source(keys), source(undefined, "prod/crm", "crm")]);
  const crm = keysIn(both, "crm");
  const turned = completeRecovery(both.recovery ?? {}, [source(keys, "prod/db-2"), source(crm, "prod/crm", "crm")]);
  const { secretKey } = keysIn(turned);
  expect(secretKey).not.toBe(keys.secretKey);
  expect(keysIn(turned, "crm")).toEqual({ ...crm, secretKey });
});

test("killed after it has written the guest's settings, and not those of the store, it goes on with what it has made [I7, N6]", () => {
  const next = keysIn(completeRecovery(known, [source(keys, "prod/db-2")]));
  const resumed = completeRecovery(known, [source(next, "prod/db-2")]);
  const note = ["a note of what opens the WAL of guests now"];
  expect(resumed).toMatchObject({ own: {}, made: note });
  expect(resumed.recovery?.["prod/db"]).toMatchObject({ secretKey: next.secretKey, folders: ["prod/db", "prod/db-2"] });
});

test("settings of before, from another checkout, bring a secret that was replaced back to nobody [N6]", () => {
  const turned = completeRecovery(known, [source(keys, "prod/db-2")]);
  const old = completeRecovery(turned.recovery ?? {}, [source(keys)]);
  expect(old.recovery).toBeUndefined();
  expect(keysIn(old)).toEqual({ ...keys, secretKey: keysIn(turned).secretKey });
});

test("what was written before folders were noted gets a note, and neither passphrase nor secret changes [I7]", () => {
  const { folder: _folder, ...plain } = keys;
  const { "prod/db": of } = known;
  if (of === undefined) throw new Error("there is one");
  const { folders: _folders, ...before } = of;
  const noted = completeRecovery({ "prod/db": before }, [source(plain, "prod/elsewhere")]);
  expect(noted).toMatchObject({ made: ["a note of what opens the WAL of guests now"], lost: [] });
  expect(keysIn(noted)).toEqual({ ...plain, folder: "prod/elsewhere" });
  expect(noted.recovery?.["prod/db"]).toEqual({ ...before, folders: ["prod/elsewhere"] });
});

test("a passphrase that is gone is not made again, and a key to another store is none to this one [I7]", () => {
  expect(completeRecovery(known, [source()])).toMatchObject({ own: {}, lost: [{ source: "shop" }] });
  const foreign = { accessKey: "AKIA", secretKey: "theirs", passphrase: "mine" };
  const moved = keysIn(completeRecovery({}, [source(foreign)]));
  expect(moved).toMatchObject({ accessKey: recoveryIdentity("prod/db"), passphrase: "mine" });
});
