import { existsSync } from "node:fs";
import { keepsEverything, parseRetention } from "../../../../proxmox/rules/retention";
import type { Caller } from "../../model/access";
import type { Node } from "../../model/site";
import type { StorageEntry } from "../../model/state";
import { WorkerGone, type Task } from "../../model/tasks";
import { death, failureText } from "../../protocol/failure";
import { parseProperties } from "../../protocol/parameter-check";
import type { Parameters } from "../../protocol/parameters";
import { activateStorage, contentFolder, holds, requireStorage } from "../storages";
import type { GuestBackup } from "./backup-in-run";
import { backupGuest } from "./guest-backup";
import { GuestLog } from "./guest-log";
import { excludedPaths, readDefaults } from "./defaults";
import { commandOf, storageOf, takesAll } from "./options";
import type { RunOptions } from "./run-options";

/** A checked request for a backup run. */
export interface RunRequest {
  node: Node;
  caller: Caller;
  parameters: Parameters;
  vmids: readonly number[];
  external: readonly number[];
}

/** What Proxmox leaves out of every container's backup. */
const STANDARD_EXCLUSIONS = ["/tmp/?*", "/var/tmp/?*", "/var/run/?*.pid"];

/** The worker of `POST nodes/N/vzdump` (PVE::VZDump). */
export async function runVzdump(request: RunRequest, task: Task): Promise<void> {
  const options = await runOptions(request);
  const log = new GuestLog(request.node, task);
  await underGlobalLock(request.node, options.lockWait, log, () => runJob(request, options, task, log));
}

/** @throws all that is wrong with the target, in one text */
async function runOptions({ node, parameters }: RunRequest): Promise<RunOptions> {
  const target = await openTarget(node, parameters);
  const text = parameters.text("prune-backups") ?? target.storage?.options["prune-backups"] ?? "keep-all=1";
  const retention = parseRetention(text);
  const mode = parameters.text("mode");
  return {
    mode: mode === "suspend" || mode === "stop" ? mode : "snapshot",
    compress: parameters.text("compress") ?? "0",
    zstdThreads: parameters.integer("zstd") ?? 1,
    bandwidth: parameters.integer("bwlimit") ?? 0,
    ionice: parameters.integer("ionice") ?? 7,
    lockWait: parameters.integer("lockwait") ?? 180,
    stopWait: parameters.integer("stopwait") ?? 10,
    remove: (parameters.flag("remove") ?? true) && !keepsEverything(retention),
    retention,
    retentionText: printRetention(text),
    exclude: [
      // Those of the node and those of the request add up.
      ...excludedPaths(await readDefaults(node)),
      ...(parameters.array("exclude-path") ?? []),
      ...((parameters.flag("stdexcludes") ?? true) ? STANDARD_EXCLUSIONS : []),
    ],
    notesTemplate: parameters.text("notes-template"),
    protected: parameters.flag("protected") ?? false,
    ...target,
  };
}

function printRetention(text: string): string {
  return [...parseProperties("prune-backups", text, "prune-backups")]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

async function openTarget(
  node: Node,
  parameters: Parameters,
): Promise<{ storage: StorageEntry | undefined; folder: string }> {
  const id = storageOf(parameters);
  if (parameters.has("storage") && parameters.has("dumpdir")) {
    throw death("cannot use options 'storage' and 'dumpdir' at the same time");
  }
  const problems = missingFolders(node, parameters);
  if (id === undefined) {
    if (problems.length > 0) throw death(problems.join("\n"));
    return { storage: undefined, folder: folderOf(parameters.required("dumpdir")) };
  }
  try {
    await activateStorage(node, id);
  } catch (failure) {
    problems.push(`could not activate storage '${id}': ${failureText(failure).trimEnd()}`);
  }
  try {
    const storage = requireStorage(node.cluster, id);
    if (!holds(storage, "backup")) throw death(`can't use storage '${id}' for backups - wrong content type`);
    const folder = storage.type === "pbs" ? "/var/tmp" : contentFolder(storage, "backup");
    if (problems.length === 0) return { storage, folder };
  } catch (failure) {
    problems.push(`could not get storage information for '${id}': ${failureText(failure).trimEnd()}`);
  }
  throw death(problems.join("\n"));
}

function folderOf(text: string): string {
  return text.replace(/\/+$/u, "");
}

/** Folders that every node has, whether or not the sandbox has made them. */
const COMMON_FOLDERS = ["/tmp", "/var/tmp"];

function missingFolders(node: Node, parameters: Parameters): string[] {
  return ["dumpdir", "tmpdir"].flatMap((name) => {
    const folder = folderOf(parameters.text(name) ?? "");
    const isThere = folder === "" || COMMON_FOLDERS.includes(folder) || existsSync(node.path(folder));
    return isThere ? [] : [`${name} '${folder}' does not exist`];
  });
}

/** One run at a time on each node. @throws WorkerGone when the lock cannot be had: such a worker ends without a last line */
async function underGlobalLock(node: Node, minutes: number, log: GuestLog, work: () => Promise<void>): Promise<void> {
  const { locks } = node.cluster;
  const name = `vzdump-${node.name}`;
  if (!locks.isHeld(name)) return locks.exclusive(name, work);
  const file = "/var/run/vzdump.lock";
  if (minutes === 0) {
    log.error(`can't acquire lock '${file}' (wait = 0)`);
    throw new WorkerGone();
  }
  log.info("trying to get global lock - waiting...");
  await new Promise<void>((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      log.error(`can't acquire lock '${file}' - got timeout`);
      reject(new WorkerGone());
    }, minutes * 60_000);
    const turn = locks.exclusive(name, async () => {
      if (late) return;
      clearTimeout(timer);
      log.info("got global lock");
      resolve(await work());
    });
    turn.catch((failure: unknown) => reject(failure));
  });
}

async function runJob(request: RunRequest, options: RunOptions, task: Task, log: GuestLog): Promise<void> {
  const { node, caller, parameters, vmids, external } = request;
  log.info(`starting new backup job: ${commandOf(parameters)}`);
  if (external.length > 0) log.info(`skip external VMs: ${[...external].sort((a, b) => a - b).join(", ")}`);
  const authority = node.cluster.authority(caller);
  const everything = takesAll(parameters);
  const wanted = [...vmids]
    .sort((a, b) => a - b)
    .filter((vmid) => {
      if (node.cluster.guest(vmid) === undefined) return true;
      if (everything) return authority.has(`/vms/${vmid}`, "VM.Backup");
      authority.check(`/vms/${vmid}`, "VM.Backup");
      return true;
    });
  const failures = await backUpAll(wanted, { node, options, authority, task, log });
  if (failures === 0) return log.info("Backup job finished successfully");
  log.info("Backup job finished with errors");
  throw death("job errors");
}

/** @returns how many guests failed @throws only when the run itself is broken off */
async function backUpAll(vmids: readonly number[], backup: Omit<GuestBackup, "vmid">): Promise<number> {
  let failures = 0;
  try {
    for (const vmid of vmids) {
      await backup.task.checkpoint("guest");
      if (!(await backupGuest({ ...backup, vmid }))) failures += 1;
    }
    await backup.task.checkpoint("guests-done");
  } catch (failure) {
    const text = backup.task.signal.aborted ? "interrupted by signal" : failureText(failure);
    backup.log.error(`Backup job failed - ${text}`);
    throw death(text);
  }
  return failures;
}
