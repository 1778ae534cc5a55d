import { createClient } from "../../../../../../proxmox/api/client";
import { waitForOwnName } from "../../../../../../scripts/recovery/steps/guest/wait-for-own-name";

const time = 1_795_000_000;
const client = createClient({
  endpoint: "https://192.0.2.11:8006",
  trust: { kind: "system" },
  credential: { kind: "token", value: "lifeboat@pve!test=not-a-secret" },
});

afterAll(() => client.close());

/** What the node's clock shows when a new backup may begin: a second more each time that it is asked. */
async function begunAt(clock: number, archives: readonly number[], promised?: readonly number[]): Promise<number> {
  let shown = clock - 1;
  const none = { size: 1, encrypted: undefined, verification: undefined, protected: false };
  const listed = archives.map((ctime) => ({ volid: `backup:${String(ctime)}`, ctime, vmid: 101, ...none }));
  jest.spyOn(client.backups, "archives").mockResolvedValue(listed);
  jest.spyOn(client.cluster, "nodeTime").mockImplementation(() => {
    shown += 1;
    return Promise.resolve({ time: shown, timezone: "UTC" });
  });
  await waitForOwnName(client, "pve", "backup", [101], new AbortController().signal, promised);
  return shown;
}

test.each([
  ["just made", [time], time + 1],
  ["made in a moment", [time + 2], time + 3],
  ["an hour ahead: the clock was set back", [time + 3_600], time],
  ["made in a moment, and another an hour ahead", [time + 1, time + 3_600], time + 2],
])("a backup begins when its second has no archive: %s [D6]", async (_, archives, begins) => {
  expect(await begunAt(time, archives)).toBe(begins);
});

test("a save point never gets the name of the archive that is to be restored, which somebody has deleted meanwhile [D6]", async () => {
  expect(await begunAt(time, [], [time])).toBe(time + 1);
});
