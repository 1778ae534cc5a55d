import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSavePoint } from "../../../site/restore/save-point";
import { RestoreSite, node } from "./restore-site";

/** Guests that are restored side by side, so that two processors are used. */
const guests = [
  { id: 101, name: "web" },
  { id: 102, name: "db" },
  { id: 103, name: "mail" },
];
const hook = ["--require", require.resolve("../../support/kill-at-journal-write.cjs")];

let site: RestoreSite;
const archives = new Map<number, string>();

beforeAll(async () => {
  site = await RestoreSite.start(guests);
  for (const { id } of guests) archives.set(id, await site.backUp(id));
});

afterAll(() => site.stop());

type Guest = (typeof guests)[number];

/** Each version of the journal in the order in which it was written, from a restore that nobody kills. */
async function versionsOfJournal({ name }: Guest): Promise<Record<string, { facts: Record<string, unknown> }>[]> {
  const log = join(site.stateFolder, "..", "versions");
  const result = await site.lifeboat(["restore", "guest", name, "--force", "--stop"], {
    nodeOptions: hook,
    env: { LIFEBOAT_TEST_KILL_LOG: log },
  });
  expect(result.code).toBe(0);
  return readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).steps);
}

/** Restores that the node was asked for: by what the requests said, since a time or a name in the log may hold any number. */
function restoresOf(vmid: number): number {
  return site
    .requests()
    .filter(
      ({ method, path, parameters }) =>
        method === "POST" && path === `/nodes/${node}/lxc` && parameters["vmid"] === `${vmid}`,
    ).length;
}

/** Kills the restore of a guest at one moment, runs the same command again, and looks at what became of it. */
async function killAndGoOn({ id, name }: Guest, kill: string): Promise<string[]> {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, { memory: 640 });
  const restoresBefore = restoresOf(id);
  const savePointsBefore = (await site.archives(id)).filter(({ notes }) => isSavePoint(notes ?? "")).length;
  const command = ["restore", "guest", name, "--force", "--stop"];
  const killed = await site.lifeboat(command, { nodeOptions: hook, env: { LIFEBOAT_TEST_KILL: kill } });
  const again = killed.code === 0 ? killed : await site.lifeboat(command);
  const configuration = await site.client.guests.guestConfig({ node, type: "lxc", vmid: id });
  const listed = await site.archives(id);
  const seen = {
    killed: killed.code,
    code: again.code,
    memory: configuration["memory"],
    running: await site.running(id),
    restores: restoresOf(id) - restoresBefore,
    savePoints: listed.filter(({ notes }) => isSavePoint(notes ?? "")).length - savePointsBefore,
    protected: listed.find(({ volid }) => volid === archives.get(id))?.protected,
    state: JSON.parse(site.journals().find((text) => text.includes(`"id": "${id}-`)) ?? "{}").state,
  };
  const wanted = {
    killed: null,
    code: 0,
    memory: "512",
    running: true,
    restores: 1,
    savePoints: 1,
    protected: false,
    state: "done",
  };
  return JSON.stringify(seen) === JSON.stringify(wanted)
    ? []
    : [`${kill} (${name}): ${JSON.stringify(seen)} ${again.stderr}`];
}

async function inTurn(guest: Guest, kills: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const kill of kills) wrong.push(...(await killAndGoOn(guest, kill)));
  return wrong;
}

test("kill -9 after each write of the journal, and between each task's start and its record: the same command ends it [K4]", async () => {
  const [first] = guests;
  if (first === undefined) throw new Error("There is no guest.");
  const versions = await versionsOfJournal(first);
  const upids = versions.map((steps) => Object.values(steps).filter(({ facts }) => facts["upid"] !== undefined).length);
  const unrecorded = upids.flatMap((count, index) => (count > (upids[index - 1] ?? 0) ? [`before ${index + 1}`] : []));
  // Stop, save point, restore and start each start a task.
  expect(unrecorded).toHaveLength(4);
  // The last write says that it is done: killed after it, nothing is left to go on with.
  const recorded = versions.slice(0, -1).map((_, index) => `after ${index + 1}`);
  expect(recorded.length).toBeGreaterThan(25);
  const kills = [...unrecorded, ...recorded];
  const lanes = guests.map((guest, lane) =>
    inTurn(
      guest,
      kills.filter((_, index) => index % guests.length === lane),
    ),
  );
  expect((await Promise.all(lanes)).flat()).toEqual([]);
});
