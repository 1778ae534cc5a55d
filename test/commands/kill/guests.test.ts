import { isSavePoint } from "../../../site/restore/save-point";
import { node, RestoreSite } from "../restore/restore-site";
import { copyOf, dropOtherArchives, guestStages, type GuestStage, isRestore } from "./guest-stages";
import type { KillRow } from "./kill-row";
import { runKills } from "./run-kills";

/** A container with one archive, that is no longer what its archive holds. */
type Place = GuestStage<RestoreSite>;

const names = ["web", "db", "mail"];

async function open() {
  const guests = names.map((name, index) => ({ id: 101 + index, name }));
  // Whether the profile's retention prunes the first archive depends on whether it is of the same day as the next.
  const site = await RestoreSite.start(guests, { keep: "{ all: true }" });
  return { stages: await guestStages(site, guests), close: () => site.stop() };
}

const restores = isRestore(node, "lxc");

/** Looks at what has become of a guest since now: by what requests said, since a name may hold any number. */
async function watch(stage: Place): Promise<() => Promise<unknown>> {
  const { site, id } = stage;
  const known = new Set((await site.archives(id)).map(({ volid }) => volid));
  const requests = site.requests().length;
  return async () => {
    const listed = await site.archives(id);
    const made = listed.filter(({ volid }) => !known.has(volid));
    const asked = site.requests().slice(requests);
    const hasCopy = await site.exists(copyOf(stage));
    return {
      memory: (await site.client.guests.guestConfig({ node, type: "lxc", vmid: id }))["memory"],
      running: await site.running(id),
      restores: asked.filter((request) => restores(request, id)).length,
      copies: asked.filter((request) => restores(request, copyOf(stage))).length,
      copyRuns: hasCopy && (await site.running(copyOf(stage))),
      savePoints: listed.filter(({ notes = "" }) => isSavePoint(notes)).length,
      newSavePoints: made.filter(({ notes = "" }) => isSavePoint(notes)).length,
      backups: made.filter(({ notes = "" }) => !isSavePoint(notes)).length,
      protected: listed.find(({ volid }) => volid === stage.archive)?.protected,
    };
  };
}

/** The guest is no longer what its archive holds, and has no other archive. */
async function changed(stage: Place): Promise<() => Promise<unknown>> {
  stage.renew();
  await dropOtherArchives(stage, node);
  await stage.site.client.guests.setGuestConfig({ node, type: "lxc", vmid: stage.id }, { memory: 640 });
  return watch(stage);
}

async function restored(stage: Place): Promise<void> {
  await changed(stage);
  const { code, stderr } = await stage.lifeboat(["restore", "guest", stage.name, "--force", "--stop"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
}

const still = { memory: "640", running: true, protected: false };

const rows: KillRow<Place>[] = [
  {
    operation: "restore in place",
    ids: "K4",
    argv: ({ name }) => ["restore", "guest", name, "--force", "--stop"],
    prepare: changed,
    wanted: { memory: "512", running: true, restores: 1, backups: 0, newSavePoints: 1, protected: false },
    writes: 30,
    // Protection, stop, save point, its protection, restore, start, protection released.
    changes: 6,
    undo: {
      argv: ({ name }) => ["undo", name, "--force", "--stop"],
      wanted: { ...still, backups: 0 },
    },
  },
  {
    operation: "undo",
    ids: "K4",
    argv: ({ name }) => ["undo", name, "--force", "--stop"],
    prepare: async (stage) => {
      await restored(stage);
      return watch(stage);
    },
    wanted: { ...still, restores: 1, backups: 0 },
    writes: 25,
    changes: 5,
  },
  {
    operation: "restore beside",
    ids: "K4",
    argv: (stage) => ["restore", "guest", stage.name, "--target-id", String(copyOf(stage)), "--force"],
    prepare: changed,
    wanted: { ...still, restores: 0, copies: 1, copyRuns: true, backups: 0, savePoints: 0 },
    writes: 15,
    changes: 3,
    tidy: async (stage) => {
      if (await stage.site.exists(copyOf(stage))) await stage.site.destroy(copyOf(stage));
    },
    undo: {
      argv: ({ name }) => ["undo", name, "--force", "--stop"],
      wanted: { ...still, copyRuns: false, restores: 0, savePoints: 0 },
    },
  },
  {
    operation: "restore that a program asks for",
    ids: "M2, K4",
    argv: ({ name }) => ["restore", "guest", name, "--request", "2026-11-21", "--force", "--stop"],
    prepare: changed,
    wanted: { memory: "512", running: true, restores: 1, backups: 0, newSavePoints: 1, protected: false },
    writes: 30,
    changes: 0,
    // Its steps are those of every restore. What is its own comes last: killed when it has ended, it is not begun anew.
    after: (writes) => {
      const numbers = [...new Set(writes.map(({ number }) => number))];
      return numbers.filter((_, index) => index % 5 === 0 || index === numbers.length - 1);
    },
  },
  {
    operation: "deletion of save points",
    ids: "K4",
    argv: ({ name }) => ["undo", name, "--forget", "--force"],
    prepare: async (stage) => {
      await restored(stage);
      return watch(stage);
    },
    wanted: { memory: "512", running: true, savePoints: 0, backups: 0 },
    writes: 3,
    changes: 1,
  },
  {
    operation: "backup",
    ids: "K4",
    argv: ({ name }) => ["backup", name],
    prepare: changed,
    wanted: { memory: "640", running: true, restores: 0, backups: 1, savePoints: 0, protected: false },
    writes: 4,
    changes: 1,
  },
];

runKills(open, rows);
