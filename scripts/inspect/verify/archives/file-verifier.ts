import { hostOf } from "../../../../proxmox/api/node-host";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { judgeArchive, type JudgeContext, strangeName } from "../../../../site/verify/judge-archive";
import { type NodeLogin, nodeAccess } from "../../../clients/keys-on-node";
import { type ArchiveReading, readArchiveOver } from "../../../clients/node-program/archive-reader";
import { runningTasks } from "../../../recovery/steps/guest/inspect-present";
import type { ListedArchive } from "./listed";
import type { MomentOn } from "./node-clocks";
import { type ArchiveVerifier, type Checked, type OnBytes, unseen } from "./verifier";

/** What keeps archives from being seen until somebody sets it up. */
export const noSsh = "no SSH to the node is set up, and no call of Proxmox's API reads an archive";

/** Where archives are that are files. */
export interface FilePlace {
  readonly client: ProxmoxClient;
  readonly login: NodeLogin;
  readonly momentOn: MomentOn;
  readonly numberOf: JudgeContext["numberOf"];
  readonly signal: AbortSignal;
}

/** A node to which connections are made one after the other: `sshd` drops some of many that come at once. */
interface Door {
  last: Promise<void>;
  /** Why nobody gets in. */
  shut?: string;
}

/** Archives that are files on a node, or on something that it has mounted: read there, over SSH. */
export class FileVerifier implements ArchiveVerifier {
  readonly isRecorded = true;
  private readonly doors = new Map<string, Door>();

  constructor(private readonly place: FilePlace) {}

  async verify(listed: ListedArchive, onBytes: OnBytes): Promise<Checked> {
    const { archive, path } = listed;
    const { login, momentOn, numberOf } = this.place;
    if (archive.size === 0) return { verdict: { kind: "damaged", problems: ["it is empty"] } };
    if (login.proxmox.ssh === undefined) {
      return unseen(noSsh);
    }
    if (path === undefined) return unseen("the node does not tell where its file is");
    const before = await this.isBackedUp(listed);
    const reading = await this.read(archive.node, path, onBytes);
    if (typeof reading === "string") return unseen(reading);
    // One that ran when reading began may have ended since, and one may have begun.
    const running = before || (await this.isBackedUp(listed));
    const { volid, size, ctime: time } = archive;
    const clock = await momentOn(archive.node);
    const verdict = judgeArchive({ volid, size: size ?? reading.size, time }, reading, { ...clock, running, numberOf });
    const strange = verdict.kind === "unseen" ? strangeName(volid, clock.timeZone) : undefined;
    return strange === undefined
      ? { verdict, sha256: reading.isChanging ? undefined : reading.sha256 }
      : { verdict: { kind: "unseen", problems: [...verdict.problems, strange] } };
  }

  /** Whether a backup is at work that may write this archive: a run writes none that is older than itself. */
  private async isBackedUp({ archive: { node, vmid, ctime } }: ListedArchive): Promise<boolean> {
    const tasks = await runningTasks(this.place.client, node, vmid ?? 0);
    return tasks.some(({ type, since }) => type === "vzdump" && since <= ctime);
  }

  /** @returns why it could not be read, where nobody gets in */
  private async read(node: string, path: string, onProgress: OnBytes): Promise<ArchiveReading | string> {
    const { client, login, signal } = this.place;
    const door = this.doors.get(node) ?? { last: Promise.resolve() };
    this.doors.set(node, door);
    const before = door.last;
    const { promise, resolve: open } = waiting();
    door.last = promise;
    await before;
    try {
      if (door.shut !== undefined) return door.shut;
      signal.throwIfAborted();
      const host = await hostOf(client, login.proxmox.endpoint, node);
      if (host === undefined) return (door.shut = `the address of ${node} is not known`);
      let isIn = false;
      const onBegin = (): void => {
        isIn = true;
        open();
      };
      const options = { signal, idle: true, onProgress, onBegin };
      const reading = await readArchiveOver(nodeAccess(login), host, path, options);
      // Whoever refuses one refuses all: what waits is spared the wait.
      if (!isIn && reading.result.kind === "unread") door.shut = reading.result.why;
      return reading;
    } finally {
      open();
    }
  }
}

function waiting(): { promise: Promise<void>; resolve: () => void } {
  const found: { resolve?: () => void } = {};
  const promise = new Promise<void>((resolve) => (found.resolve = resolve));
  return { promise, resolve: () => found.resolve?.() };
}
