import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { readVerification } from "../../../../site/restore/verification-record";
import type { RestoreSite } from "../../restore/restore-site";
import type { Afterwards, FaultRow } from "../fault-case";

/** A guest with one archive, and another guest with one of its own. */
export interface VerifyScene {
  readonly site: RestoreSite;
  readonly vmid: number;
  readonly name: string;
  readonly archive: string;
  readonly other: string;
  /** The archive's file on this machine. */
  readonly file: (archive: string) => string;
  /** Names of the files in the folder of archives, after the fault was injected and now. */
  readonly before: readonly string[];
  readonly now: () => readonly string[];
  /** Verifies it, for damage that only a second run can tell. */
  readonly verify: () => Promise<unknown>;
}

export interface VerifyFault extends FaultRow {
  readonly afterwards: readonly [Afterwards<VerifyScene>, ...Afterwards<VerifyScene>[]];
  /** The archive is not compressed. */
  readonly plain?: true;
  readonly inject: (scene: Omit<VerifyScene, "before">) => Promise<void> | void;
}

async function notesOf({ site }: VerifyScene, archive: string): Promise<string> {
  return (await site.client.backups.archiveDetails("pve-prod", archive)).notes;
}

const recorded: Afterwards<VerifyScene> = {
  words: "that is recorded in the archive's notes: `status` names it, and `restore` chooses another",
  check: async (scene) => expect(readVerification(await notesOf(scene, scene.archive))?.damage).toMatch(/\S/u),
};

const sumIsKept: Afterwards<VerifyScene> = {
  words: "the sum that was recorded first is still the one that counts",
  check: async (scene) => {
    const own = readFileSync(scene.file(scene.archive));
    const { createHash } = await import("node:crypto");
    const { sha256 } = readVerification(await notesOf(scene, scene.archive)) ?? {};
    expect(sha256).toMatch(/^[0-9a-f]{64}$/u);
    expect(sha256).not.toBe(createHash("sha256").update(own).digest("hex"));
  },
};

const untouched: Afterwards<VerifyScene> = {
  words: "nothing is deleted or renamed",
  check: async ({ before, now }) => expect(now()).toEqual(before),
};

const command = "verify --guest web";

function flip({ archive, file }: Pick<VerifyScene, "archive" | "file">): void {
  const bytes = readFileSync(file(archive));
  // In what the guest's file holds, where the archive is not compressed; else in the middle.
  const content = bytes.indexOf(" root\n");
  const place = content < 0 ? Math.floor(bytes.length / 2) : content;
  bytes[place] = (bytes[place] ?? 0) ^ 0x10;
  writeFileSync(file(archive), bytes);
}

function logOf({ archive, file }: Pick<VerifyScene, "archive" | "file">): string {
  return file(archive).replace(/\.tar.*$/u, ".log");
}

/** Damage to archives that nobody restores, found by `lifeboat verify`. Each ends with 3. */
export const verifyFaults: readonly VerifyFault[] = [
  {
    fault: "an archive that lies on the storage is cut off",
    command,
    exitCode: 3,
    message: "damaged: Read error (39) : premature end",
    afterwards: [recorded],
    inject: ({ archive, file }) => truncateSync(file(archive), Math.floor(readFileSync(file(archive)).length / 2)),
  },
  {
    fault: "an archive that is not compressed is cut off between two members, which `tar -t` does not see",
    command,
    exitCode: 3,
    message:
      "damaged: it ends without the two empty blocks that end a tar archive: it is cut off; its log says that it had 20 KB",
    afterwards: [recorded],
    plain: true,
    inject: ({ archive, file }) => {
      const bytes = readFileSync(file(archive));
      let end = bytes.length;
      while (bytes.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
      truncateSync(file(archive), end);
    },
  },
  {
    fault: "a bit turns over in an archive that is compressed",
    command,
    exitCode: 3,
    message: "damaged: Decoding error (36) : Restored data doesn't match checksum",
    afterwards: [recorded],
    inject: flip,
  },
  {
    fault: "a bit turns over in an archive that is not compressed: only the recorded sum tells it",
    command,
    exitCode: 3,
    message: "damaged: its SHA-256 is another than the one recorded when it was first read: its content has changed",
    afterwards: [recorded, sumIsKept],
    plain: true,
    inject: async (scene) => {
      await scene.verify();
      flip(scene);
    },
  },
  {
    fault: "an archive that lies on the storage is empty",
    command,
    exitCode: 3,
    message: "damaged: it is empty",
    afterwards: [untouched],
    inject: ({ archive, file }) => writeFileSync(file(archive), ""),
  },
  {
    fault: "the archives of two guests are swapped",
    command,
    exitCode: 3,
    message: "damaged: its name says that it is of guest 101, and guest 401 is inside",
    afterwards: [recorded],
    inject: ({ archive, other, file }) => {
      renameSync(file(archive), `${file(archive)}.aside`);
      renameSync(file(other), file(archive));
      renameSync(`${file(archive)}.aside`, file(other));
    },
  },
  {
    fault: "the log beside an archive is gone",
    command,
    exitCode: 3,
    message: "doubtful: there is no log beside it: what vzdump said of this backup is not known",
    afterwards: [untouched],
    inject: (scene) => rmSync(logOf(scene)),
  },
  {
    fault: "the log beside an archive says that its backup failed",
    command,
    exitCode: 3,
    message: "damaged: its log says that the backup failed: no space left on device",
    afterwards: [recorded],
    inject: (scene) =>
      appendFileSync(
        logOf(scene),
        `2026-11-20 01:00:00 ERROR: Backup of VM ${String(scene.vmid)} failed - no space left on device\n`,
      ),
  },
  {
    fault: "an archive is dated later than the node's clock",
    command,
    exitCode: 3,
    message:
      "doubtful: it is dated TIME, later than the node's clock (TIME), so its age is not certain; there is no log beside it: what vzdump said of this backup is not known",
    afterwards: [untouched],
    inject: ({ archive, file }) => renameSync(file(archive), file(archive).replace(/\d{4}_\d\d_\d\d-/u, "2099_01_01-")),
  },
  {
    fault: "an archive has been renamed",
    command,
    exitCode: 3,
    message:
      "doubtful: it was renamed: its name is none that vzdump gives, so that Proxmox tells neither its guest nor its age by it",
    afterwards: [untouched],
    inject: ({ archive, file }) => renameSync(file(archive), file(archive).replace("vzdump-lxc", "old-vzdump-lxc")),
  },
  {
    fault: "the last archive of a guest is gone",
    command,
    exitCode: 3,
    message: "missing: no archive of web is there",
    afterwards: [untouched],
    inject: ({ archive, file }) => rmSync(file(archive)),
  },
];
