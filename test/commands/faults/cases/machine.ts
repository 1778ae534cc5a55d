import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { packMachine } from "../../../sandbox/drivers/machine-archives";
import type { MachineSite } from "../../machines/machine-site";
import type { RunResult } from "../../support/run-bundle";
import type { Afterwards, FaultCase } from "../fault-case";

/** A virtual machine for each case: its archive holds `then` on the first disk, which says `now` since. */
export interface MachineScene {
  readonly site: MachineSite;
  readonly vmid: number;
  readonly name: string;
  /** Volume id of its archive; of one without compression where the case wants that. */
  readonly archive: string;
  /** Archive of another machine. */
  readonly another: string;
  /** Runs the command line; `web` stands for the guest. */
  readonly lifeboat: (command: string) => Promise<RunResult>;
  /** The same with a login to the node, on which archives are read. */
  readonly withLogin: (command: string) => Promise<RunResult>;
}

type Case = FaultCase<MachineScene> & { readonly isPlain?: boolean };

const restore = "restore guest web --force --stop --check-timeout 0";

const runsOn: Afterwards<MachineScene> = {
  words: "the machine was not touched, and runs",
  check: async ({ site, vmid }) => {
    expect([await site.readDisk(vmid, "scsi0"), await site.running(vmid)]).toEqual(["now", true]);
  },
};

const undoBringsBack: Afterwards<MachineScene> = {
  words: "`lifeboat undo web --force --stop` brings it back as it was before",
  check: async ({ site, vmid, lifeboat }) => {
    const { code, stderr } = await lifeboat("undo web --force --stop");
    expect(code === 0 ? "" : stderr).toBe("");
    expect([await site.readDisk(vmid, "scsi0"), await site.running(vmid)]).toEqual(["now", true]);
  },
};

const holdsArchive: Afterwards<MachineScene> = {
  words: "the machine holds what its archive has; the report says that it is not proven",
  check: async ({ site, vmid }) => expect(await site.readDisk(vmid, "scsi0")).toBe("then"),
};

function fileOf({ site }: Pick<MachineScene, "site">, archive: string): string {
  return site.nodePath("pve-prod", `mnt/backup/dump/${basename(archive)}`);
}

function flip(scene: MachineScene, place: (size: number) => number): void {
  const bytes = readFileSync(fileOf(scene, scene.archive));
  const at = place(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(fileOf(scene, scene.archive), bytes);
}

const incomplete = (why: string): string =>
  `Unable to restore guest web: web is incomplete: the restore on the node failed (${why}). It stopped in step 'Restore the archive'; its save point holds web as it was.\nHINT: bring web back as it was: lifeboat undo prod/web; `;

const orAgain = "or try the archive again: lifeboat restore guest prod/web --stop --force";

const unreadable = (archive: string): string =>
  `Unable to restore guest web: backup:backup/${archive} cannot be read: ERROR: archive contains no configuration file\nHINT: there is no older one; see all archives: lifeboat backups prod/web`;

const broken =
  incomplete(
    "command 'set -o pipefail && vma extract -v -r /var/tmp/vzdumptmp4711.fifo /mnt/backup/dump/vzdump-qemu-101-DATE.vma /var/tmp/vzdumptmp4711' failed: exit code 133",
  ) + orAgain;

/** Archives of virtual machines, and machines that do not come back. Without SSH to the node nobody reads an archive before. */
export const machineFaults: readonly Case[] = [
  {
    fault: "a machine's archive is empty",
    command: restore,
    exitCode: 10,
    message:
      "Unable to restore guest web: there is no backup of guest 101 that could be chosen by its date (1 archive left out: it is empty) (searched: local, backup)\nHINT: see all archives: lifeboat backups prod/web",
    afterwards: [runsOn],
    run: async (scene) => {
      writeFileSync(fileOf(scene, scene.archive), "");
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "a bit is flipped in the header of a machine's archive",
    command: restore,
    exitCode: 13,
    message: unreadable("vzdump-qemu-101-DATE.vma"),
    afterwards: [runsOn],
    isPlain: true,
    run: async (scene) => {
      flip(scene, () => 3000);
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "a bit is flipped in an extent's header of a machine's archive without compression",
    command: restore,
    exitCode: 1,
    message: broken,
    afterwards: [undoBringsBack],
    isPlain: true,
    run: async (scene) => {
      const size = readFileSync(fileOf(scene, scene.archive)).readUInt32BE(56);
      flip(scene, () => size + 60);
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "a bit is flipped in a machine's compressed archive",
    command: restore,
    exitCode: 13,
    message: unreadable("vzdump-qemu-101-DATE.vma.zst"),
    afterwards: [runsOn],
    run: async (scene) => {
      flip(scene, (size) => size - 3);
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "a machine's archive is cut off",
    command: restore,
    exitCode: 1,
    message: broken,
    afterwards: [undoBringsBack],
    isPlain: true,
    run: async (scene) => {
      const bytes = readFileSync(fileOf(scene, scene.archive));
      writeFileSync(fileOf(scene, scene.archive), bytes.subarray(0, bytes.length - 4096));
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "a machine's archive has been swapped for that of another machine",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: backup:backup/vzdump-qemu-101-DATE.vma.zst is not of prod/web: it is of prod/another, whose number was 101 as well\nHINT: see all archives: lifeboat backups prod/web",
    afterwards: [runsOn],
    run: async (scene) => {
      copyFileSync(fileOf(scene, scene.another), fileOf(scene, scene.archive));
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "a machine's archive has no configuration",
    command: restore,
    exitCode: 13,
    message: unreadable("vzdump-qemu-101-DATE.vma"),
    afterwards: [runsOn],
    isPlain: true,
    run: async (scene) => {
      const destination = fileOf(scene, scene.archive);
      await packMachine({ texts: new Map(), disks: [], time: 1, compression: "none", threads: 1, destination });
      return scene.lifeboat(restore);
    },
  },
  {
    fault: "the storage of a machine's disks has no room left while they are made",
    command: restore,
    exitCode: 1,
    message:
      incomplete(
        "unable to create image: qemu-img: /mnt/data/images/101/vm-101-disk-0.qcow2: Could not create '/mnt/data/images/101/vm-101-disk-0.qcow2': No space left on device",
      ) + orAgain,
    afterwards: [undoBringsBack],
    run: async (scene) => {
      await scene.site.fault("storage-full", { storage: "data" });
      const result = await scene.lifeboat(restore);
      await scene.site.clearFaults();
      return result;
    },
  },
  {
    fault: "a bit has turned over in a machine's archive without compression since verify has read it",
    command: restore,
    exitCode: 13,
    message:
      "Unable to restore guest web: backup:backup/vzdump-qemu-101-DATE.vma is damaged: its SHA-256 is another than the one recorded when it was first read: its content has changed. Nothing is changed.\nHINT: to restore it as it is: lifeboat verify --guest prod/web, then lifeboat restore guest prod/web --archive backup:backup/vzdump-qemu-101-DATE.vma; see all archives: lifeboat backups prod/web",
    afterwards: [
      runsOn,
      {
        words:
          "verified again, it is not chosen by its date; named, it is restored (3), and the report says what it is",
        check: async ({ site, vmid, archive, withLogin }) => {
          expect((await withLogin("verify --guest web")).code).toBe(3);
          expect((await withLogin(restore)).code).toBe(10);
          const named = await withLogin(`${restore} --archive ${archive}`);
          expect([named.code, named.stdout.replaceAll(/\s+/gu, " ")]).toEqual([
            3,
            expect.stringContaining("is restored as it is: its SHA-256 is another"),
          ]);
          expect(await site.readDisk(vmid, "scsi0")).not.toBe("now");
        },
      },
    ],
    isPlain: true,
    run: async (scene) => {
      expect((await scene.withLogin("verify --guest web")).code).toBe(0);
      flip(scene, () => readFileSync(fileOf(scene, scene.archive)).indexOf("then"));
      return scene.withLogin(restore);
    },
  },
  {
    fault: "a machine is restored, and QEMU does not start it",
    command: restore,
    exitCode: 3,
    message: "",
    afterwards: [holdsArchive, undoBringsBack],
    run: async (scene) => {
      await scene.site.fault("task-dies", {
        type: "qmstart",
        at: "starting",
        text: "start failed: QEMU exited with code 1",
      });
      const result = await scene.lifeboat(restore);
      expect(result.stdout).toContain("start failed: QEMU exited with code 1");
      await scene.site.clearFaults();
      return result;
    },
  },
  {
    fault: "a restored machine's guest agent never answers",
    command: restore,
    exitCode: 3,
    message: "",
    afterwards: [holdsArchive],
    run: async (scene) => {
      await scene.site.fault("agent-silent", { vmid: String(scene.vmid) });
      return scene.lifeboat(restore);
    },
  },
];

/** The same from a backup server. */
export const liveFaults: readonly Case[] = [
  {
    fault: "a live restore breaks off while the machine runs",
    command: `${restore} --live`,
    exitCode: 1,
    message: incomplete("live-restore failed") + "then restore it without --live",
    afterwards: [undoBringsBack],
    run: async (scene) => {
      await scene.site.fault("task-dies", { type: "qmrestore", at: "live", text: "backup connection failed" });
      const result = await scene.lifeboat(`${restore} --live`);
      await scene.site.clearFaults();
      return result;
    },
  },
];
