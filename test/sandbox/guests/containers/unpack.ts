import { parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import { unpackArguments } from "../../drivers/archives";
import type { StorageEntry } from "../../model/state";
import type { Task } from "../../model/tasks";
import { death, ProxmoxFailure } from "../../protocol/failure";
import { clientCommand, clientFailure, openForRestore } from "../backup-server/client";
import { snapshotNamed } from "../backup-server/content";
import { printSnapshot, type SnapshotName } from "../backup-server/snapshots";
import type { Configuration } from "../configuration";
import { commandLine, USER_NAMESPACE } from "../shell-quote";
import { parseVolume } from "../storages";
import { activateFile, archiveFile } from "../volumes";
import { volumeMounts } from "./mounted-volumes";
import type { Order } from "./order";

/** The snapshot on a backup server that is restored; undefined for a file. */
export function snapshotOf({ call, archive }: Order): { storage: StorageEntry; name: SnapshotName } | undefined {
  if (parseVolumeId(archive) === undefined) return undefined;
  const parsed = parseVolume(call.cluster, archive);
  if (parsed.storage.type !== "pbs") return undefined;
  const name = snapshotNamed(parsed);
  if (name.type !== "ct") throw death(`got unexpected backup format '${parsed.format}'`);
  return { storage: parsed.storage, name };
}

/** Unpacks the order's template, archive or snapshot into the container's new volumes. */
export async function unpack(
  order: Order,
  configuration: Configuration,
  firewall: string | undefined,
  task: Task,
): Promise<void> {
  const { node } = order.call;
  const snapshot = snapshotOf(order);
  const path = snapshot === undefined ? await activateFile(node, order.archive) : "";
  if (snapshot === undefined) task.log(`extracting archive '${path}'`);
  await task.checkpoint("extracting");
  // The configuration leaves the tree again after it was read; so does a firewall file with rules. A snapshot has neither in it.
  const hasRules = firewall !== undefined || snapshot !== undefined;
  const members = ["./etc/vzdump/pct.conf", ...(hasRules ? ["./etc/vzdump/pct.fw"] : [])];
  try {
    if (snapshot !== undefined)
      await openForRestore(node, snapshot.storage, snapshot.name, treeOf(order, configuration, task));
    await node.cluster.site.driver.unpack(
      {
        archive: await archiveFile(node, order.archive),
        mounts: await volumeMounts(node, configuration.keys),
        exclude: order.restore ? members : [],
        signal: task.signal,
        ...(order.bandwidth === undefined || order.bandwidth === 0 ? {} : { bytesPerSecond: order.bandwidth * 1024 }),
      },
      // The backup server's client tells nothing where all goes well.
      snapshot === undefined ? task.log : () => {},
    );
  } catch (failure) {
    if (task.signal.aborted) throw death("received interrupt");
    if (order.ignoreErrors) return;
    if (snapshot === undefined) throw unpackFailure(order, path, configuration, failure);
    throw unpackedFromServer(snapshot, treeOf(order, configuration, task), failure);
  }
}

/** What the client is asked for when it unpacks a container's tree. */
function treeOf(order: Order, configuration: Configuration, task: Task) {
  const words = configuration.keys.get("unprivileged") === "1" ? USER_NAMESPACE : [];
  return { file: ["root.pxar", `/var/lib/lxc/${order.vmid}/rootfs`, "--allow-existing-dirs"], words, log: task.log };
}

/** Data that cannot be read, in the words of the client. */
function unpackedFromServer(
  { storage, name }: { storage: StorageEntry; name: SnapshotName },
  { file, words, log }: ReturnType<typeof treeOf>,
  failure: unknown,
): unknown {
  if (failure instanceof ProxmoxFailure || !(failure instanceof Error) || !("exitCode" in failure)) return failure;
  const command = clientCommand(storage, "restore", [printSnapshot(name), ...file], words);
  return clientFailure(
    command,
    "error extracting archive - encountered unexpected error during extraction: blob crc error",
    log,
  );
}

/** A failure of tar in the words of PVE::Tools::run_command. */
function unpackFailure(order: Order, path: string, configuration: Configuration, failure: unknown): unknown {
  if (failure instanceof ProxmoxFailure || !(failure instanceof Error)) return failure;
  if (!("exitCode" in failure) || typeof failure.exitCode !== "number") return failure;
  const command = commandLine([
    ...(configuration.keys.get("unprivileged") === "1" ? USER_NAMESPACE : []),
    "tar",
    ...unpackArguments(path, `/var/lib/lxc/${order.vmid}/rootfs`),
  ]);
  return death(`command '${command}' failed: exit code ${failure.exitCode}`);
}
