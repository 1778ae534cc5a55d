import { removeTree } from "../../machine/files";
import type { Node } from "../../model/site";
import type { StorageEntry } from "../../model/state";
import type { Section } from "../configuration";
import type { SnapshotKind } from "../snapshots";
import { parseVolume } from "../storages";
import { activateVolume } from "../volumes";
import { copyTree, mayLink, snapshotPath } from "./copy-volume";
import { backupDecision, mountsOf, type ContainerMount } from "./mount-points";
import { isRunning, killContainer } from "./runtime";

/** Storages whose container volumes can be frozen in time. Folders and raw images on a file system cannot. */
const WITH_SNAPSHOTS = ["zfspool", "lvmthin", "btrfs"];

/** Whether all volumes can do something (PVE::LXC::Config::has_feature). @param backup only those that a backup holds */
export function hasFeature(node: Node, feature: string, section: Section, backup = false): boolean {
  return mountsOf(section.keys)
    .filter((mount) => !backup || backupDecision(mount).included)
    .every((mount) => mount.kind === "volume" && volumeHasFeature(node, feature, mount));
}

function volumeHasFeature(node: Node, feature: string, mount: ContainerMount): boolean {
  const { storage, format } = parseVolume(node.cluster, mount.volume);
  if (feature === "snapshot") return supportsSnapshots(storage);
  if (feature === "clone") return mayLink(node, mount.volume);
  if (feature === "copy") return format === "raw" || supportsSnapshots(storage);
  return false;
}

function supportsSnapshots(storage: StorageEntry): boolean {
  return WITH_SNAPSHOTS.includes(storage.type);
}

function volumesOf(section: Section): ContainerMount[] {
  return mountsOf(section.keys).filter((mount) => mount.kind === "volume");
}

/** A backup's own snapshot leaves out what the backup leaves out. */
export const containerSnapshots: SnapshotKind = {
  type: "lxc",
  isPossible: (node, section, name) => hasFeature(node, "snapshot", section, name === "vzdump"),
  volumes: (section, name) =>
    volumesOf(section)
      .filter((mount) => name !== "vzdump" || backupDecision(mount).included)
      .map(({ volume }) => volume),
  allVolumes: (section) => volumesOf(section).map(({ volume }) => volume),
  isRunning,
  stop: killContainer,
  whileStill: (_node, _loaded, _snapshot, _log, work) => work(),
  keep: async (node, volid, name) => {
    const { path } = await activateVolume(node, volid);
    await copyTree(node, node.path(path), snapshotPath(node, path, name));
  },
  bringBack: async (node, volid, name) => {
    const { path } = await activateVolume(node, volid);
    await removeTree(node.path(path));
    await copyTree(node, snapshotPath(node, path, name), node.path(path));
  },
  forget: async (node, volid, name) => {
    const { path } = await activateVolume(node, volid);
    await removeTree(snapshotPath(node, path, name));
  },
};
