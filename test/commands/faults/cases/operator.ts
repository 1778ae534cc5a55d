import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { asSomebodyLeftIt, everyArchive, restored, runsAsBefore, sameCommandEnds, untouched } from "../afterwards";
import { afterSavePoint, asksFor, inRestore, inSavePoint } from "../../support/held-tasks";
import type { LoggedRequest } from "../../support/request-log";
import type { FaultCase, Scene } from "../fault-case";
import type { RunResult } from "../../support/run-bundle";

const restore = "restore guest web --force --stop";

function guestOf({ vmid }: Scene): { node: string; type: "lxc"; vmid: number } {
  return { node: "pve-prod", type: "lxc", vmid };
}

async function change(scene: Scene, changes: Record<string, string | number>): Promise<void> {
  await scene.site.client.guests.setGuestConfig(guestOf(scene), changes);
}

const theirNotes = "made by somebody else";

const theirsIsThere = {
  words: "the other's backup is there",
  check: async ({ site, vmid }: Scene): Promise<void> => {
    expect((await site.archives(vmid)).map(({ notes }) => notes)).toContain(theirNotes);
  },
};

/** The guest, this machine, and the person at it. */
export const operatorFaults: readonly FaultCase[] = [
  {
    fault: "the guest is protected in Proxmox",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: web is protected against this by Proxmox (protection)\nHINT: take the protection off (in Proxmox: Options, Protection; on the node: pct set 101 --protection 0); or restore beside it: lifeboat restore guest prod/web --target-id 100",
    afterwards: [runsAsBefore, everyArchive],
    run: async (scene) => {
      await change(scene, { protection: 1 });
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "the guest is locked, and no task of it is at work",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: web is locked on its node (rollback); no task of it is at work, the last one was 'vzdump' by lifeboat@pve, begun at TIME, and ended with 'OK'\nHINT: if that is over, remove the lock on the node: pct unlock 101; or restore beside it: lifeboat restore guest prod/web --target-id 100",
    afterwards: [everyArchive],
    run: async (scene) => {
      const path = `/etc/pve/nodes/pve-prod/lxc/${String(scene.vmid)}.conf`;
      const { digest: _digest, ...keys } = await scene.site.client.guests.guestConfig(guestOf(scene));
      const content = Object.entries({ ...keys, lock: "rollback" }).map(([key, value]) => `${key}: ${value}\n`);
      await scene.site.control({ command: "write", path, content: content.join("") });
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "somebody changes the guest between plan and deed",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: the guest's configuration changed since the plan was made. Nothing is changed: what was begun has been taken back.\nHINT: look at the new plan: lifeboat restore guest prod/web --dry-run",
    afterwards: [asSomebodyLeftIt, everyArchive],
    run: async (scene) => {
      await scene.site.fault("task-waits", afterSavePoint);
      return scene.during(restore, asksFor("vzdump"), async () => {
        while ((await scene.site.archives(scene.vmid)).length === scene.archivesBefore.length) await pause(10);
        while ((await scene.site.client.guests.guestConfig(guestOf(scene)))["lock"] !== undefined) await pause(10);
        await change(scene, { memory: 700 });
        await scene.site.clearFaults();
      });
    },
  },
  {
    fault: "a second restore of the guest on the same machine",
    command: restore,
    exitCode: 11,
    message:
      "Unable to restore guest web: process 4711 is at work on it: lifeboat restore guest prod/web --stop --force\nHINT: wait until it has ended",
    afterwards: [restored, everyArchive],
    run: async (scene) => {
      await scene.site.fault("task-waits", inSavePoint);
      const second: { result?: Awaited<ReturnType<Scene["lifeboat"]>> } = {};
      await scene.during(restore, asksFor("vzdump"), async () => {
        second.result = await scene.lifeboat(restore);
        await scene.site.clearFaults();
      });
      return required(second.result);
    },
  },
  {
    fault: "another run has made its own backup of the guest under the save point's name, in the same second",
    command: restore,
    exitCode: 11,
    message:
      "Unable to restore guest web: backup:backup/vzdump-lxc-101-DATE.tar.zst is somebody else's backup: another run is at work on web. Nothing is changed: what was begun has been taken back.\nHINT: ask who it is, wait until it has ended, and look at the plan again",
    afterwards: [runsAsBefore, theirsIsThere],
    run: async (scene) => {
      await scene.site.fault("task-waits", afterSavePoint);
      return scene.during(restore, asksFor("vzdump"), async () => {
        while ((await scene.site.archives(scene.vmid)).length === scene.archivesBefore.length) await pause(10);
        const [newest] = await scene.site.archives(scene.vmid);
        await scene.site.client.backups.setArchiveNotes("pve-prod", newest?.volid ?? "", theirNotes);
        await scene.site.clearFaults();
      });
    },
  },
  {
    fault: "a second restore of the guest from another machine, while the first takes its save point",
    command: restore,
    exitCode: 11,
    message:
      "Unable to restore guest web: a task 'vzdump' of lifeboat@pve is at work on web since TIME (UPID:…)\nHINT: wait until it has ended",
    afterwards: [restored, everyArchive],
    run: (scene) => fromAnotherMachine(scene, asksFor("vzdump"), inSavePoint),
  },
  {
    fault: "a second restore of the guest from another machine, while the first restores",
    command: restore,
    exitCode: 11,
    message:
      "Unable to restore guest web: a task 'vzrestore' of lifeboat@pve is at work on web since TIME (UPID:…)\nHINT: wait until it has ended",
    afterwards: [restored, everyArchive],
    run: (scene) => fromAnotherMachine(scene, asksFor("vzrestore"), inRestore),
  },
  {
    fault: "Ctrl-C while the save point is being made",
    command: restore,
    exitCode: 130,
    message: "",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: (scene) => interrupted(scene, asksFor("vzdump"), inSavePoint, "SIGINT"),
  },
  {
    fault: "Ctrl-C twice while the restore is running",
    command: restore,
    exitCode: 130,
    message: "",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: (scene) => interrupted(scene, asksFor("vzrestore"), inRestore, "SIGINT", "SIGINT"),
  },
  {
    fault: "SIGTERM while the save point is being made",
    command: restore,
    exitCode: 130,
    message: "",
    afterwards: [everyArchive, sameCommandEnds(restore)],
    run: (scene) => interrupted(scene, asksFor("vzdump"), inSavePoint, "SIGTERM"),
  },
  {
    fault: "the folder for journals cannot be written",
    command: restore,
    exitCode: 1,
    message:
      "Unable to restore guest web: STATE cannot be written: not a directory\nHINT: make room there or allow it, or name another folder with XDG_STATE_HOME; then the same command again",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      const state = join(site.project, "no-folder");
      writeFileSync(state, "a file\n");
      chmodSync(state, 0o600);
      return lifeboat(restore, { env: { XDG_STATE_HOME: state } });
    },
  },
  {
    fault: "the folder of the journals is a file",
    command: "status prod",
    exitCode: 1,
    message:
      "Unable to show the status of prod: STATE cannot be read: not a directory\nHINT: make room there or allow it, or name another folder with XDG_STATE_HOME; then the same command again",
    afterwards: [untouched],
    run: async ({ site, lifeboat }) => {
      const state = join(site.project, "no-folder");
      writeFileSync(state, "a file\n");
      chmodSync(state, 0o600);
      return lifeboat("status prod", { env: { XDG_STATE_HOME: state } });
    },
  },
  {
    fault: "the disk of the journal is full half-way",
    command: restore,
    exitCode: 1,
    message:
      "Unable to restore guest web: STATE/….json cannot be written: file too large\nHINT: make room there or allow it, or name another folder with XDG_STATE_HOME; then the same command again",
    afterwards: [everyArchive],
    run: async ({ lifeboat }) => lifeboat(restore, { fileLimit: 4 }),
  },
  {
    fault: "a journal of this guest cannot be read",
    command: restore,
    exitCode: 1,
    message:
      "Unable to read journal STATE/….json: Expected property name or '}' in JSON at position 2\nHINT: if you are sure that nothing is half done, move it away: mv STATE/….json STATE/….json.unreadable",
    afterwards: [untouched],
    run: (scene) => withJournal(scene, "garbled", "{ not json"),
  },
  {
    fault: "a journal of this guest was written by a newer version",
    command: restore,
    exitCode: 1,
    message:
      "Unable to read journal STATE/….json: a newer Lifeboat wrote it (format 2; this one reads 1)\nHINT: resume it with that version: lifeboat --version tells which one this is",
    afterwards: [untouched],
    run: (scene) => withJournal(scene, "newer", JSON.stringify({ version: 2, id: "x" })),
  },
];

/** What a second command is told that begins when the first one's task is half-way. */
async function fromAnotherMachine(
  scene: Scene,
  moment: (request: LoggedRequest) => boolean,
  held: Record<string, string>,
): Promise<RunResult> {
  await scene.site.fault("task-waits", held);
  const second: { result?: RunResult } = {};
  await scene.during(restore, moment, async () => {
    while ((await scene.site.client.guests.guestConfig(guestOf(scene)))["lock"] === undefined) await pause(10);
    second.result = await scene.lifeboat(restore, { env: scene.site.otherMachine() });
    await scene.site.clearFaults();
  });
  return required(second.result);
}

/** Sends signals to the command when its task is half-way. */
async function interrupted(
  { site, during }: Scene,
  moment: (request: LoggedRequest) => boolean,
  held: Record<string, string>,
  ...signals: NodeJS.Signals[]
): Promise<RunResult> {
  await site.fault("task-waits", held);
  const started: { pid: number } = { pid: 0 };
  const deed = async (): Promise<void> => {
    for (const signal of signals) process.kill(started.pid, signal);
  };
  return during(restore, moment, deed, { onSpawn: (pid) => (started.pid = pid) });
}

/** Puts a file into the journals of another machine, and restores there. */
async function withJournal(scene: Scene, name: string, text: string): Promise<RunResult> {
  const env = scene.site.otherMachine();
  const folder = join(env["XDG_STATE_HOME"] ?? "", "lifeboat", siteFolder(scene));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${scene.vmid}-${name}.json`), text);
  return scene.lifeboat(restore, { env });
}

/** Name of the site's folder among the states. */
function siteFolder({ site }: Scene): string {
  const [name = ""] = readdirSync(join(site.stateFolder(), "..")).filter((one) => one.startsWith("prod@"));
  return name;
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("the second command did not run");
  return value;
}
