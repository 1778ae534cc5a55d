import * as z from "zod";
import { storageOf } from "../../rules/volume-ids";
import * as answers from "../answers";
import type { Parameters, Path } from "../encoding";
import type { Requests } from "../requests";
import type { TaskCalls } from "../tasks";

/** Calls about storages, archives and backup jobs. */
export class BackupCalls {
  constructor(
    private readonly requests: Requests,
    private readonly tasks: TaskCalls,
  ) {}

  /** Storages of a node that the caller may see (`Datastore.Audit` or `Datastore.AllocateSpace`). */
  storages(node: string): Promise<answers.StorageEntry[]> {
    return this.requests.read(z.array(answers.storageEntryAnswer), ["nodes", node, "storage"]);
  }

  storageStatus(node: string, storage: string): Promise<answers.StorageStatus> {
    return this.requests.read(answers.storageStatusAnswer, ["nodes", node, "storage", storage, "status"]);
  }

  /** A storage's definition, with its retention. Needs `Datastore.Allocate`. */
  storageDefinition(storage: string): Promise<answers.StorageDefinition> {
    return this.requests.read(answers.storageDefinitionAnswer, ["storage", storage]);
  }

  /** Defines a storage for all nodes, or those that are named. Needs `Datastore.Allocate` on `/storage`. */
  async defineStorage(parameters: Parameters): Promise<void> {
    await this.requests.change(z.unknown(), "POST", ["storage"], parameters);
  }

  /** Storages on backup servers that the caller may see (`Datastore.Audit` or `Datastore.AllocateSpace`). */
  backupServerStorages(): Promise<answers.BackupServerStorage[]> {
    return this.requests.read(z.array(answers.backupServerStorageAnswer), ["storage"], { type: "pbs" });
  }

  /**
   * Backups on a storage, of one guest or of all.
   *
   * An empty list proves nothing by itself: Proxmox leaves out what the caller may not see (see `missingToListArchives`).
   */
  archives(node: string, storage: string, vmid?: number): Promise<answers.Archive[]> {
    const path = ["nodes", node, "storage", storage, "content"];
    return this.requests.read(z.array(answers.archiveAnswer), path, { content: "backup", vmid });
  }

  /** Everything on a storage that has a guest's number: disks, also of a guest that is no more, and archives. */
  volumesOf(node: string, storage: string, vmid: number): Promise<answers.StoredVolume[]> {
    return this.requests.read(z.array(answers.storedVolumeAnswer), ["nodes", node, "storage", storage, "content"], {
      vmid,
    });
  }

  /** Disks on a storage, of all guests. */
  disks(node: string, storage: string): Promise<answers.StoredVolume[]> {
    return this.requests.read(z.array(answers.storedVolumeAnswer), ["nodes", node, "storage", storage, "content"]);
  }

  /** Notes in full, protection and path of one archive. */
  archiveDetails(node: string, volid: string): Promise<answers.ArchiveDetails> {
    return this.requests.read(answers.archiveDetailsAnswer, archivePath(node, volid));
  }

  async setArchiveNotes(node: string, volid: string, notes: string): Promise<void> {
    await this.requests.change(z.unknown(), "PUT", archivePath(node, volid), { notes });
  }

  /** Protects an archive against every kind of deletion, or releases it. */
  async setArchiveProtection(node: string, volid: string, isProtected: boolean): Promise<void> {
    await this.requests.change(z.unknown(), "PUT", archivePath(node, volid), { protected: isProtected });
  }

  /** Deletes an archive with its notes and log. The task fails for a protected one. */
  deleteArchive(node: string, volid: string): Promise<string> {
    return this.tasks.start({
      node,
      method: "DELETE",
      path: archivePath(node, volid),
      parameters: {},
      type: "imgdel",
      vmid: undefined,
    });
  }

  /** The guest's configuration as the archive holds it: the text of its file. */
  extractConfiguration(node: string, volid: string): Promise<string> {
    return this.requests.read(z.string(), ["nodes", node, "vzdump", "extractconfig"], { volume: volid });
  }

  /** What the node's own `/etc/vzdump.conf` says about every backup on a storage. */
  nodeDefaults(node: string, storage: string): Promise<answers.VzdumpDefaults> {
    return this.requests.read(answers.vzdumpDefaultsAnswer, ["nodes", node, "vzdump", "defaults"], { storage });
  }

  backupJobs(): Promise<answers.BackupJob[]> {
    return this.requests.read(z.array(answers.backupJobAnswer), ["cluster", "backup"]);
  }

  backupJob(id: string): Promise<answers.BackupJob> {
    return this.requests.read(answers.backupJobAnswer, ["cluster", "backup", id]);
  }

  /** Which disks of which guests a job backs up, by the guests' present configurations. */
  includedVolumes(id: string): Promise<answers.IncludedVolumes> {
    return this.requests.read(answers.includedVolumesAnswer, ["cluster", "backup", id, "included_volumes"]);
  }

  /** Guests that no job selects. A disabled job counts as selecting. */
  notBackedUp(): Promise<answers.NotBackedUp[]> {
    return this.requests.read(z.array(answers.notBackedUpAnswer), ["cluster", "backup-info", "not-backed-up"]);
  }

  /** Starts a backup run of one guest; gives the task's id. */
  vzdump(node: string, vmid: number, parameters: Parameters): Promise<string> {
    return this.vzdumpSeveral(node, [vmid], parameters);
  }

  /**
   * Starts a backup run over several guests of a node, one after the other, by rising id; gives the task's id. A guest that
   * fails leaves the others going, and the task then ends with `job errors`.
   *
   * @param vmids at least one, all on that node.
   */
  vzdumpSeveral(node: string, vmids: readonly number[], parameters: Parameters): Promise<string> {
    const [only, another] = vmids;
    return this.tasks.start({
      node,
      method: "POST",
      path: ["nodes", node, "vzdump"],
      parameters: { vmid: vmids.join(","), ...parameters },
      type: "vzdump",
      // The task's id field names the guest when there is one, and nobody when there are several.
      vmid: another === undefined ? only : undefined,
    });
  }
}

function archivePath(node: string, volid: string): Path {
  return ["nodes", node, "storage", storageOf(volid), "content", volid];
}
