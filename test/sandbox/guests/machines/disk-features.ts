/** What storages can do with a machine's disks (PVE::Storage::volume_has_feature and the plugins' tables). */
import { hasPath } from "../../model/storage-paths";
import type { Node } from "../../model/site";
import { isBase } from "../base-volumes";
import type { Section } from "../configuration";
import { parseVolume } from "../storages";
import { driveKeys, driveVolume, readDrive } from "./drives";

export type DiskFeature = "snapshot" | "clone" | "template" | "copy";

/** What is asked about: a disk as it is now, a template's disk, or a snapshot of a disk. */
type Kind = "current" | "base" | "snap";

type Table = Readonly<Record<DiskFeature, readonly Kind[]>>;

/** Storages that can do the same whatever the format. */
const TABLES: Readonly<Record<string, Table>> = {
  lvmthin: { snapshot: ["current"], clone: ["base", "snap"], template: ["current"], copy: ["base", "current", "snap"] },
  zfspool: { snapshot: ["current", "snap"], clone: ["base"], template: ["current"], copy: ["base", "current"] },
  rbd: {
    snapshot: ["current", "snap"],
    clone: ["base", "snap"],
    template: ["current"],
    copy: ["base", "current", "snap"],
  },
};

/** On any other storage qcow2 alone has snapshots; in a folder disks become templates, on a volume group they do not. */
function tableOf(type: string, inFolder: boolean, format: string): Table {
  const named = TABLES[type];
  if (named !== undefined) return named;
  const isRawOnBtrfs = type === "btrfs" && format === "raw";
  const keeps = isRawOnBtrfs || format === "qcow2";
  return {
    snapshot: keeps ? ["current", "snap"] : [],
    clone: [...(isRawOnBtrfs ? (["current", "snap"] as const) : []), ...(inFolder ? (["base"] as const) : [])],
    template: inFolder ? ["current"] : [],
    copy: ["base", "current", ...(keeps ? (["snap"] as const) : [])],
  };
}

/** @param snapshot name of the snapshot that is asked about; none: the disk as it is */
export function diskHasFeature(node: Node, feature: DiskFeature, volid: string, snapshot: string | undefined): boolean {
  const { storage, format } = parseVolume(node.cluster, volid);
  const now: Kind = isBase(volid) ? "base" : "current";
  const kind = snapshot === undefined || snapshot === "" ? now : "snap";
  return tableOf(storage.type, hasPath(storage), format)[feature].includes(kind);
}

/** Whether all disks of a configuration can do something (PVE::QemuConfig::has_feature); discs do not count. */
export function haveFeature(
  node: Node,
  feature: DiskFeature,
  { keys }: Section,
  snapshot: string | undefined,
): boolean {
  return driveKeys(keys)
    .flatMap((key) => driveVolume(readDrive(key, keys.get(key) ?? "")) ?? [])
    .every((volid) => diskHasFeature(node, feature, volid, snapshot));
}
