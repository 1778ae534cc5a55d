/**
 * Proxmox's archive of a virtual machine, by its published description (pve-qemu, vma_spec.txt) and what that does not say: sizes
 * of blobs are little-endian though all other numbers are big-endian, the first blob is one zero byte so that offset 0 means
 * "none", names end in a zero byte, devices count from 1, and clusters of zeros are listed with an empty mask.
 */
export const CLUSTER = 65_536;
export const BLOCK = 4096;
export const BLOCKS_PER_CLUSTER = CLUSTER / BLOCK;

export const HEADER = {
  magic: Buffer.from("VMA\0", "latin1"),
  version: 1,
  /** Where each field lies. */
  uuid: 8,
  time: 24,
  checksum: 32,
  blobOffset: 48,
  blobSize: 52,
  headerSize: 56,
  configurationNames: 2044,
  configurationTexts: 3068,
  devices: 4096,
  deviceSize: 32,
  entries: 256,
  /** Bytes before the blobs. */
  fixedSize: 12_288,
} as const;

export const EXTENT = {
  magic: Buffer.from("VMAE", "latin1"),
  size: 512,
  blockCount: 6,
  uuid: 8,
  checksum: 24,
  clusters: 40,
  /** Most clusters of an extent. */
  most: 59,
} as const;

/** What a headers' checksum is made over: the header with zeros where the checksum goes. */
export const CHECKSUM_SIZE = 16;

/** A disk in an archive. */
export interface VmaDevice {
  /** 1 to 255. */
  id: number;
  /** Such as `drive-scsi0`. */
  name: string;
  /** Bytes. */
  size: number;
}

/** The texts that an archive carries, by name: `qemu-server.conf`, and `qemu-server.fw` where there are rules. */
export type VmaTexts = ReadonlyMap<string, string>;
