import { BackupTurns, TurnHolder } from "../../../../../../scripts/recovery/restore-guest/batch/backup-turns";

test("a guest is stopped only when its node is free to make its save point", async () => {
  const turns = new BackupTurns();
  const [first, second] = [new TurnHolder(turns, "pve"), new TurnHolder(turns, "pve")];
  await first.before("stop");
  let stopped = false;
  const waiting = second.before("stop").then(() => (stopped = true));
  await first.before("save-point/take");
  await new Promise((done) => setImmediate(done));
  expect(stopped).toBe(false);
  await first.before("recheck");
  await waiting;
  expect(stopped).toBe(true);
  await new TurnHolder(turns, "other").before("stop");
  second.release();
});
