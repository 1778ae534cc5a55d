import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSavePoint } from "../../../site/restore/save-point";
import { RestoreSite, type LoggedRequest, node } from "./restore-site";

/**
 * `kill -9` at every moment of every plan that works on one container: after each write of the journal, and between each
 * task's start and its record. The same command, run again, must leave what an undisturbed run leaves.
 */

/** Guests that are worked on side by side, so that two processors are used. */
const guests = [
  { id: 101, name: "web" },
  { id: 102, name: "db" },
  { id: 103, name: "mail" },
];
type Guest = (typeof guests)[number];
const hook = ["--require", require.resolve("../../support/kill-at-journal-write.cjs")];
/** Id of a copy of a guest. */
const copyOf = ({ id }: Guest): number => id + 800;

let site: RestoreSite;
const archives = new Map<number, string>();

beforeAll(async () => {
  site = await RestoreSite.start(guests);
  for (const { id } of guests) archives.set(id, await site.backUp(id));
});

afterAll(() => site.stop());

interface KilledPlan {
  readonly command: (guest: Guest) => string[];
  /** Brings the guest into the state in which the command is given. */
  readonly prepare: (guest: Guest) => Promise<void>;
  /** What must be there afterwards, besides what {@link look} asks of every guest. */
  readonly wanted: Record<string, unknown>;
  /** Tasks that it starts. */
  readonly tasks: number;
  readonly tidy?: (guest: Guest) => Promise<void>;
}

const plans: Record<string, KilledPlan> = {
  "restore in place": {
    command: ({ name }) => ["restore", "guest", name, "--force", "--stop"],
    prepare: change,
    wanted: { memory: "512", restores: 1, backups: 0, savePoints: 1, protected: false },
    // Stop, save point, restore and start.
    tasks: 4,
  },
  undo: {
    command: ({ name }) => ["undo", name, "--force", "--stop"],
    prepare: async (guest) => {
      await change(guest);
      const { code } = await site.lifeboat(["restore", "guest", guest.name, "--force", "--stop"]);
      expect(code).toBe(0);
    },
    wanted: { memory: "640", restores: 1, backups: 0, protected: false },
    tasks: 4,
  },
  "restore beside": {
    command: (guest) => ["restore", "guest", guest.name, "--target-id", String(copyOf(guest)), "--force"],
    prepare: change,
    wanted: { memory: "640", restores: 0, copies: 1, copyRuns: true, backups: 0, savePoints: 0, protected: false },
    tasks: 2,
    tidy: (guest) => site.destroy(copyOf(guest)),
  },
  // Last, since the job's retention may remove the archive.
  backup: {
    command: ({ name }) => ["backup", name],
    prepare: change,
    wanted: { memory: "640", restores: 0, backups: 1, savePoints: 0 },
    tasks: 1,
  },
};

/** The guest is no longer what its archive holds. */
async function change({ id }: Guest): Promise<void> {
  await site.client.guests.setGuestConfig({ node, type: "lxc", vmid: id }, { memory: 640 });
}

/** What became of a guest since a picture of its archives and of the requests was taken. */
async function look(guest: Guest, before: { archives: ReadonlySet<string>; requests: number }) {
  const { id } = guest;
  const listed = await site.archives(id);
  const made = listed.filter(({ volid }) => !before.archives.has(volid));
  const asked = site.requests().slice(before.requests);
  const hasCopy = await site.exists(copyOf(guest));
  return {
    memory: (await site.client.guests.guestConfig({ node, type: "lxc", vmid: id }))["memory"],
    running: await site.running(id),
    // By what requests said, since a time or a name in the log may hold any number.
    restores: asked.filter((request) => isRestore(request, id)).length,
    copies: asked.filter((request) => isRestore(request, copyOf(guest))).length,
    copyRuns: hasCopy && (await site.running(copyOf(guest))),
    savePoints: made.filter(({ notes = "" }) => isSavePoint(notes)).length,
    backups: made.filter(({ notes = "" }) => !isSavePoint(notes)).length,
    protected: listed.find(({ volid }) => volid === archives.get(id))?.protected,
    state: JSON.parse(site.journals().find((text) => text.includes(`"id": "${id}-`)) ?? "{}").state,
  };
}

function isRestore({ method, path, parameters }: LoggedRequest, vmid: number): boolean {
  return method === "POST" && path === `/nodes/${node}/lxc` && parameters["vmid"] === String(vmid);
}

/** Gives the command, killed at a moment and then again, or undisturbed; and looks at what is there. */
async function run(plan: KilledPlan, guest: Guest, variables: Record<string, string>) {
  await plan.prepare(guest);
  const volids = (await site.archives(guest.id)).map(({ volid }) => volid);
  const before = { archives: new Set(volids), requests: site.requests().length };
  const first = await site.lifeboat(plan.command(guest), { nodeOptions: hook, env: variables });
  const last = first.code === null ? await site.lifeboat(plan.command(guest)) : first;
  const seen = await look(guest, before);
  await plan.tidy?.(guest);
  return { killed: first.code === null, code: last.code, said: last.stderr, seen };
}

/** Each moment at which a run can be killed, from one that nobody kills; with what that one leaves. */
async function momentsOf(plan: KilledPlan, guest: Guest) {
  const log = join(mkdtempSync(join(site.project, "versions-")), "log");
  const { code, seen } = await run(plan, guest, { LIFEBOAT_TEST_KILL_LOG: log });
  expect(code).toBe(0);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const versions = lines.map((line): { facts: Record<string, unknown> }[] => Object.values(JSON.parse(line).steps));
  const upids = versions.map((steps) => steps.filter(({ facts }) => facts["upid"] !== undefined).length);
  const unrecorded = upids.flatMap((count, index) => (count > (upids[index - 1] ?? 0) ? [`before ${index + 1}`] : []));
  // The last write says that it is done: killed after it, nothing is left to go on with.
  const recorded = versions.slice(0, -1).map((_, index) => `after ${index + 1}`);
  return { seen, unrecorded, recorded };
}

test.each(Object.entries(plans))("kill -9 at every step of '%s': the same command ends it [K4]", async (_, plan) => {
  const [first] = guests;
  if (first === undefined) throw new Error("There is no guest.");
  const { seen, unrecorded, recorded } = await momentsOf(plan, first);
  expect(seen).toMatchObject({ ...plan.wanted, running: true, state: "done" });
  expect(unrecorded).toHaveLength(plan.tasks);
  const kills = [...unrecorded, ...recorded];
  const lanes = guests.map(async (guest, lane) => {
    const wrong: unknown[] = [];
    for (const kill of kills.filter((_kill, index) => index % guests.length === lane)) {
      const result = await run(plan, guest, { LIFEBOAT_TEST_KILL: kill });
      const isRight = result.killed && result.code === 0 && JSON.stringify(result.seen) === JSON.stringify(seen);
      if (!isRight) wrong.push({ kill, guest: guest.name, ...result });
    }
    return wrong;
  });
  expect((await Promise.all(lanes)).flat()).toEqual([]);
});
