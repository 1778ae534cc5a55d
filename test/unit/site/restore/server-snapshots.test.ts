import { backupServerTaskStart } from "../../../../proxmox/rules/upid";
import { whyKeyMissing } from "../../../../site/restore/server-key";
import { howToVerify, tellVerification } from "../../../../site/restore/server-verification";

const one = Array.from({ length: 32 }, () => "ab").join(":");
const other = Array.from({ length: 32 }, () => "cd").join(":");

test.each([
  ["not encrypted", undefined, undefined, undefined],
  ["its key is there", one, one.toUpperCase(), undefined],
  ["no key", one, undefined, "it is encrypted with the key ab:ab:ab:ab:ab:ab:ab:ab, and storage pbs has no key"],
  [
    "another key",
    one,
    other,
    "it is encrypted with the key ab:ab:ab:ab:ab:ab:ab:ab, and storage pbs has another: cd:cd:cd:cd:cd:cd:cd:cd",
  ],
  ["a key without a fingerprint may be the one", one, "1", undefined],
  ["of an unknown key, and there is none", "1", undefined, "it is encrypted, and storage pbs has no key"],
  ["of an unknown key, and there is one", "1", one, undefined],
])("a key: %s [D9]", (_, encrypted, key, why) => {
  expect(whyKeyMissing(encrypted, { storage: "pbs", key })).toBe(why);
});

test("what the server has said, in words, and how it is asked [D9, D17]", () => {
  const said = [
    { state: undefined, time: undefined },
    { state: "ok", time: 1_700_000_000 },
    { state: "failed", time: undefined },
  ];
  expect(said.map((one) => tellVerification(one, "UTC"))).toEqual([
    "the backup server has not verified it yet",
    "the backup server has verified it on 2023-11-14 22:13:20, and found it whole",
    "the backup server has verified it, and found: failed",
  ]);
  expect(howToVerify("main")).toContain("proxmox-backup-manager verify main");
});

test("a task's name of a backup server tells its start; one of Proxmox VE has a number less", () => {
  const verification = "UPID:pbs:000003E8:00000A12:0000002F:6553F100:verificationjob:main\\x3av-1:root@pam:";
  expect(backupServerTaskStart(verification)).toBe(1_700_000_000);
  expect(backupServerTaskStart("UPID:pve:000003E8:00000A12:6553F100:vzdump:101:root@pam:")).toBeUndefined();
});
