import { isSavePoint } from "../../../site/restore/save-point";
import { MachineSite, node } from "../machines/machine-site";
import type { LoggedRequest } from "../support/request-log";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A virtual machine with one archive, that is no longer what its archive holds. */
interface MachineStage extends Stage {
  readonly site: MachineSite;
  readonly id: number;
  readonly archive: string;
  /** Another machine of the operator from now on: without journals of what was done before. */
  readonly renew: () => void;
}

const names = ["db", "app", "shop"];
/** Id of a copy of a machine. */
const copyOf = ({ id }: MachineStage): number => id + 800;

async function open() {
  // A disk outside the backups is put back by a step of its own.
  const options = { scsi2: "local:0.00390625,format=qcow2,backup=0" };
  const machines = names.map((name, index) => ({ id: 131 + index, name, options }));
  const site = await MachineSite.start(machines, "{ all: true }");
  const stages: MachineStage[] = [];
  for (const { id, name } of machines) {
    const archive = await site.backUp(id);
    let env = site.otherMachine();
    stages.push({
      site,
      id,
      name,
      archive,
      renew: () => (env = site.otherMachine()),
      get stateFolder() {
        return site.stateFolder("prod", env);
      },
      lifeboat: (argv, run) => site.lifeboat(argv, { ...run, env: { ...env, ...run?.env } }),
    });
  }
  return { stages, close: () => site.stop() };
}

function isRestore({ method, path, parameters }: LoggedRequest, vmid: number): boolean {
  return method === "POST" && path === `/nodes/${node}/qemu` && parameters["vmid"] === String(vmid);
}

/** Looks at what has become of a machine since now. */
async function watch(stage: MachineStage): Promise<() => Promise<unknown>> {
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
      restores: asked.filter((request) => isRestore(request, id)).length,
      copies: asked.filter((request) => isRestore(request, copyOf(stage))).length,
      copyRuns: (await site.client.guests.exists(copy)) && (await site.running(copy.vmid)),
      savePoints: listed.filter(({ notes = "" }) => isSavePoint(notes)).length,
      newSavePoints: made.filter(({ notes = "" }) => isSavePoint(notes)).length,
      protected: listed.find(({ volid }) => volid === stage.archive)?.protected,
    };
  };
}

/** The machine is no longer what its archive holds, and has no other archive. */
async function changed(stage: MachineStage): Promise<() => Promise<unknown>> {
  const { site, id, archive } = stage;
  stage.renew();
  for (const { volid } of await site.archives(id)) {
    if (volid === archive) continue;
    await site.client.backups.setArchiveProtection(node, volid, false);
    await site.client.tasks.wait(await site.client.backups.deleteArchive(node, volid));
  }
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: id }, { tags: "later" });
  await site.writeDisk(id, "scsi0", "later");
  await site.writeDisk(id, "scsi2", "outside");
  return watch(stage);
}

const still = { tags: "later", disk: "later", outside: "outside", unused: [], running: true, protected: false };

const rows: KillRow<MachineStage>[] = [
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

runKills(open, rows);
