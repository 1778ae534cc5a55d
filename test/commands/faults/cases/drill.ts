import { asksFor } from "../../support/held-tasks";
import { closePort } from "../../drill/node-stand-in";
import type { RestoreSite } from "../../restore/restore-site";
import type { RunResult } from "../../support/run-bundle";
import type { Afterwards, FaultCase, Scene } from "../fault-case";

/** A guest with one archive, and what there is of copies. */
export interface DrillScene extends Scene {
  /** Ids of the guests that have a number of the drills' range. */
  readonly copies: () => Promise<number[]>;
  /** Changes the drill's bridge. */
  readonly changeBridge: (options: Record<string, string>) => Promise<void>;
}

type Case = FaultCase<DrillScene>;

const drill = "drill web --force";

const copyAddress = { node: "pve-prod", type: "lxc", vmid: 9000 } as const;

const noCopy: Afterwards<DrillScene> = {
  words: "no copy is left; the guest runs as before",
  check: async ({ site, vmid, copies, before }) => {
    expect(await copies()).toEqual([]);
    expect(await originalOf(site, vmid)).toEqual(before);
  },
};

const nextDrillEnds: Afterwards<DrillScene> = {
  words: "the next drill destroys what was left and proves the guest",
  check: async (scene) => {
    expect(await scene.copies()).toEqual([9000]);
    const again = await scene.lifeboat(drill);
    expect([again.code, again.stderr.includes("Unable"), await scene.copies()]).toEqual([0, false, []]);
  },
};

const toldByStatus = (result: "failed" | "proven"): Afterwards<DrillScene> => ({
  words: result === "failed" ? "`status` calls its backup not proven (3)" : "`status` on this machine calls it proven",
  check: async ({ site, name }) => {
    const run = await site.lifeboat(["status", "--json"]);
    const [{ guests }] = JSON.parse(run.stdout).environments;
    const own = guests.find((guest: { name: string }) => guest.name === name);
    expect(own.drill.result).toBe(result);
    if (result === "failed") expect(run.code).toBe(3);
  },
});

/** What a drill leaves alone: everything but notes of archives. */
export async function originalOf(site: RestoreSite, vmid: number): Promise<unknown> {
  return JSON.parse(
    JSON.stringify(await site.picture(vmid), (key, value: unknown) => (key === "notes" ? undefined : value)),
  );
}

/** With a fault that ends with the command. */
async function during(
  { site, lifeboat }: DrillScene,
  fault: Parameters<RestoreSite["fault"]>,
  command = drill,
): Promise<RunResult> {
  await site.fault(...fault);
  const result = await lifeboat(command);
  await site.clearFaults();
  return result;
}

const notProven = (why: string): string => `Drill of prod: 0 of 1 proven\nprod/web: NOT PROVEN in N s: ${why}`;

const proven = "Drill of prod: 1 of 1 proven\nprod/web: proven in N s";

const noPort = "check 'tcp:5432' failed (port 8006 of 192.0.2.101: no connection)";

/** While the copy is being started, which stands still until the fault is off. */
async function whileStarting(scene: DrillScene, deed: () => Promise<unknown>): Promise<RunResult> {
  await scene.site.fault("task-waits", { type: "vzstart", at: "starting" });
  return scene.during(drill, asksFor("vzstart"), deed, { env: { LIFEBOAT_NODE_PATIENCE: "5" } });
}

/** What may happen to a drill: each is told with what became of the copy. */
export const drillFaults: readonly Case[] = [
  {
    fault: "the restore of a drill's copy dies while it unpacks",
    command: drill,
    exitCode: 3,
    message: notProven("its archive cannot be restored: unable to restore CT 9000 - worker failed at 'extracting'"),
    afterwards: [noCopy, toldByStatus("failed")],
    run: (scene) => during(scene, ["task-dies", { type: "vzrestore", at: "extracting" }]),
  },
  {
    fault: "the storage of a copy's disks is full",
    command: drill,
    exitCode: 3,
    message: notProven(
      "its archive cannot be restored: unable to restore CT 9000 - unable to create image: qemu-img: /mnt/data/images/9000/vm-9000-disk-0.raw: Could not create '/mnt/data/images/9000/vm-9000-disk-0.raw': No space left on device",
    ),
    afterwards: [noCopy, toldByStatus("failed")],
    run: (scene) => during(scene, ["storage-full", { storage: "data" }]),
  },
  {
    fault: "a copy does not start",
    command: drill,
    exitCode: 3,
    message: notProven("its copy does not start: task vzstart failed: worker failed at 'starting'"),
    afterwards: [noCopy, toldByStatus("failed")],
    run: (scene) => during(scene, ["task-dies", { type: "vzstart", at: "starting" }]),
  },
  {
    fault: "a copy does not answer in its time",
    command: `${drill} --check-timeout 1`,
    exitCode: 3,
    message: notProven(noPort),
    afterwards: [noCopy, toldByStatus("failed")],
    run: async ({ site, lifeboat }) => {
      closePort(site, "5432");
      const result = await lifeboat(`${drill} --check-timeout 1`);
      closePort(site, "none");
      return result;
    },
  },
  {
    fault: "the bridge of drills has got a port, so that something may lead out of it",
    command: drill,
    exitCode: 13,
    message:
      "Unable to drill web: the bridge vmbr9 of pve-prod is not one for drills: it has the port eno1\nHINT: make one without ports and without an address: Proxmox's web interface, pve-prod, Network, Create, Linux Bridge vmbr9, with no ports; then Apply Configuration",
    afterwards: [noCopy],
    run: async ({ changeBridge, lifeboat }) => {
      await changeBridge({ bridge_ports: "eno1" });
      const result = await lifeboat(drill);
      await changeBridge({});
      return result;
    },
  },
  {
    fault: "somebody has protected the copy, which is then not destroyed",
    command: drill,
    exitCode: 3,
    message: `${proven}\nPROBLEM: the copy 9000 on pve-prod stays: can't remove CT 9000 - protection mode enabled\nmend it with: lifeboat drill --env prod`,
    afterwards: [
      toldByStatus("proven"),
      {
        words: "the next drill names it as well, and destroys it once it is not protected",
        check: async ({ site, copies, lifeboat }) => {
          const again = await lifeboat(drill);
          expect([again.code, again.stdout, await copies()]).toEqual([
            3,
            expect.stringContaining("1 of 1 proven"),
            [9000],
          ]);
          await site.client.guests.setGuestConfig(copyAddress, { protection: false });
          expect([(await lifeboat(drill)).code, await copies()]).toEqual([0, []]);
        },
      },
      noCopy,
    ],
    run: (scene) =>
      whileStarting(scene, async () => {
        await scene.site.client.guests.setGuestConfig(copyAddress, { protection: true });
        await scene.site.clearFaults();
      }),
  },
  {
    fault: "the node goes down while the copy is being started",
    command: drill,
    exitCode: 14,
    message:
      "Unable to drill web: https://192.0.2.11:8006 cannot be reached: connection refused, nothing listens there. It stopped in step 'Start the copy of web'; no guest of prod was touched; what copies are left are destroyed by the next drill.\nHINT: lifeboat drill web --env prod --force",
    afterwards: [nextDrillEnds, noCopy],
    run: (scene) => whileStarting(scene, () => scene.site.fault("node-unreachable", { node: "pve-prod" })),
  },
  {
    fault: "what a drill has found cannot be written into the archive's notes",
    command: drill,
    exitCode: 3,
    message: `${proven}\nPROBLEM: web: what the drill found is not in the notes of backup:backup/vzdump-lxc-101-DATE.tar.zst, where other machines read it (No route to host); to them its backup is not proven\nmend it with: lifeboat drill prod/web`,
    afterwards: [noCopy, toldByStatus("proven")],
    run: (scene) => during(scene, ["answer-595", { path: "PUT /nodes/.*/content/" }]),
  },
  {
    fault: "the worker of a copy's restore is killed, and leaves a locked guest without notes",
    command: drill,
    exitCode: 3,
    message: `${notProven("its archive cannot be restored: unexpected status")}\nPROBLEM: guest 9000 on pve-prod is what a restore has left that died there, and stays\nmend it with: on pve-prod, unless a restore is at work on it: pct unlock 9000 && pct destroy 9000`,
    afterwards: [
      {
        words: "the next drill names it (13), and begins once it is gone",
        check: async ({ site, copies, lifeboat }) => {
          expect(await copies()).toEqual([9000]);
          const again = await lifeboat(drill);
          expect([again.code, again.stderr]).toEqual([
            13,
            expect.stringContaining(
              "guest 9000 on pve-prod is what a restore has left that died there\nHINT: on pve-prod",
            ),
          ]);
          await site.setLock(9000);
          await site.destroy(9000);
          // A disk of it may stay on its storage: the number is left alone then.
          expect((await lifeboat(drill)).code).toBe(0);
        },
      },
      noCopy,
    ],
    run: (scene) => during(scene, ["worker-killed", { type: "vzrestore", at: "extracting" }]),
  },
];
