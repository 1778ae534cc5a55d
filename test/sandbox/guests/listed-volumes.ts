/** Volumes as lists, single answers and retentions show them. */
import type { RetentionMark } from "../../../proxmox/rules/retention";
import type { ContentType } from "./storages";

/** One volume of a storage, as the list of its content shows it. */
export interface ListedVolume {
  volid: string;
  content: ContentType;
  format: string;
  /** Bytes. */
  size: number;
  /** By a backup server. */
  verification?: { state: string; upid: string };
  /** On a backup server: the key's fingerprint. */
  encrypted?: string;
  /** Unix seconds. */
  ctime?: number;
  vmid?: number;
  /** Of a disk: bytes on the storage. */
  used?: number;
  subtype?: string;
  /** Of a disk: the image that it builds upon. */
  parent?: string | null;
  /** First line only. */
  notes?: string;
  protected?: 1;
}

/** One volume in full, as `content/{volid}` shows it. */
export interface VolumeDetails {
  path: string;
  size: number;
  used: number;
  format: string;
  notes?: string;
  protected?: 0 | 1;
}

/** What a retention makes of one archive, as the dry run answers it. */
export interface PruneEntry {
  volid: string;
  ctime: number;
  /** `lxc`, `qemu`, `openvz` or `unknown`. */
  type: string;
  /** A number; text for archives whose name only resembles vzdump's. */
  vmid?: number | string;
  mark: RetentionMark;
}

export interface PruneRequest {
  storage: string;
  /** In Proxmox's form; that of the storage when left out. */
  retention: string | undefined;
  vmid: number | undefined;
  type: string | undefined;
}
