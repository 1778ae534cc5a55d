import { isSavePoint } from "../../../site/restore/save-point";
import { MachineSite, node } from "../machines/machine-site";
import { serverStorage } from "../support/site/furnish";
import { copyOf, dropOtherArchives, guestStages, type GuestStage, isRestore } from "./guest-stages";
import type { KillRow } from "./kill-row";
import { runKills } from "./run-kills";

/** A virtual machine with one archive, that is no longer what its archive holds. */
type Place = GuestStage<MachineSite>;

const names = ["db", "app", "shop"];

/** @param storage further options of the storage of the backups */
async function open(options: Readonly<Record<string, string>>, storage: Readonly<Record<string, string>>) {
  const machines = names.map((name, index) => ({ id: 131 + index, name, options }));
  const site = await MachineSite.start(machines, "{ all: true }", storage);
  return { stages: await guestStages(site, machines), close: () => site.stop() };
}

/** A disk outside the backups is put back by a step of its own. */
const outside = { scsi2: "local:0.00390625,format=qcow2,backup=0" };

const restores = isRestore(node, "qemu");

/** Looks at what has become of a machine since now. */
async function watch(stage: Place): Promise<() => Promise<unknown>> {
  const { site, id } = stage;
  const known = new Set((await site.archives(id)).map(({ volid }) => volid));
  const requests = site.requests().length;
  return async () => {
    const listed = await site.archives(id);
    const made = listed.filter(({ volid }) => !known.has(volid));
    const asked = site.requests().slice(requests);
    const copy = { node, type: "qemu", vmid: copyOf(stage) } as const;
    const configuration = await site.config(id);
    return {
      tags: configuration["tags"],
      disk: await site.readDisk(id, "scsi0"),
      outside: await site.readDisk(id, "scsi2"),
      unused: Object.keys(configuration).filter((key) => key.startsWith("unused")),
      running: await site.running(id),
      restores: asked.filter((request) => restores(request, id)).length,
      copies: asked.filter((request) => restores(request, copyOf(stage))).length,
      copyRuns: (await site.client.guests.exists(copy)) && (await site.running(copy.vmid)),
      savePoints: listed.filter(({ notes = "" }) => isSavePoint(notes)).length,
      newSavePoints: made.filter(({ notes = "" }) => isSavePoint(notes)).length,
      protected: listed.find(({ volid }) => volid === stage.archive)?.protected,
    };
  };
}

/** The machine is no longer what its archive holds, and has no other archive. */
async function changed(stage: Place): Promise<() => Promise<unknown>> {
  const { site, id } = stage;
  stage.renew();
  await dropOtherArchives(stage, node);
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: id }, { tags: "later" });
  await site.writeDisk(id, "scsi0", "later");
  if ("scsi2" in (await site.config(id))) await site.writeDisk(id, "scsi2", "outside");
  return watch(stage);
}

const still = { tags: "later", disk: "later", outside: "outside", unused: [], running: true, protected: false };

const rows: KillRow<Place>[] = [
  {
    operation: "restore of a machine in place",
    ids: "K4",
    argv: ({ name }) => ["restore", "guest", name, "--force", "--stop"],
    prepare: changed,
    wanted: { ...still, tags: undefined, disk: "", restores: 1, newSavePoints: 1 },
    writes: 30,
    // Protection, stop, save point, its protection, restore, disk put back, start, protection released.
    changes: 7,
    undo: { argv: ({ name }) => ["undo", name, "--force", "--stop"], wanted: still },
  },
  {
    operation: "restore of a machine beside",
    ids: "K4",
    argv: (stage) => ["restore", "guest", stage.name, "--target-id", String(copyOf(stage)), "--force"],
    prepare: changed,
    wanted: { ...still, restores: 0, copies: 1, copyRuns: true, savePoints: 0 },
    writes: 15,
    changes: 3,
    tidy: ({ site, id }) => site.destroy(id + 800),
    undo: {
      argv: ({ name }) => ["undo", name, "--force", "--stop"],
      wanted: { ...still, copyRuns: false, restores: 0, savePoints: 0 },
    },
  },
];

const { outside: _, ...stillWhole } = still;

/** Such a machine has no disk outside the backups: it would run before that is put back. */
const liveRows: KillRow<Place>[] = [
  {
    operation: "live restore of a machine in place",
    ids: "D1, K4",
    argv: ({ name }) => ["restore", "guest", name, "--live", "--force", "--stop"],
    prepare: changed,
    wanted: { ...stillWhole, tags: undefined, disk: "", restores: 1, newSavePoints: 1 },
    writes: 24,
    // Protection, stop, save point, its protection, restore, protection released. Nothing starts it: the restore has.
    changes: 6,
    undo: { argv: ({ name }) => ["undo", name, "--force", "--stop"], wanted: stillWhole },
  },
];

describe("archives in a folder", () => {
  runKills(() => open(outside, {}), rows);
});

describe("archives on a backup server", () => {
  runKills(() => open({}, serverStorage), liveRows);
});
