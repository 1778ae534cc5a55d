import { createHash } from "node:crypto";
import {
  BLOCK,
  BLOCKS_PER_CLUSTER,
  CHECKSUM_SIZE,
  CLUSTER,
  EXTENT,
  HEADER,
  type VmaDevice,
  type VmaTexts,
} from "./layout";

/** What an archive's header says. */
export interface VmaHeader {
  uuid: Buffer;
  /** Unix seconds. */
  time: number;
  texts: VmaTexts;
  devices: readonly VmaDevice[];
  /** Id of a running machine's memory, which is no disk: its clusters are as many as there are, and a restore makes nothing of them. */
  memory: number | undefined;
}

/** Something is wrong in an archive, in the words of Proxmox's `vma`. */
export class BrokenArchive extends Error {
  override readonly name = "BrokenArchive";
}

/** Where a disk's content goes. Blocks of zeros are not told. */
export type WriteBlock = (device: VmaDevice, offset: number, data: Buffer) => Promise<void>;

/**
 * Reads an archive from a stream up to its last byte: the header first, for which `begin` decides where blocks go, then every
 * extent. Both checksums are checked, and that each cluster of each disk comes exactly once.
 * @throws BrokenArchive
 */
export async function readVma(
  stream: AsyncIterable<Buffer>,
  begin: (header: VmaHeader) => Promise<WriteBlock>,
): Promise<void> {
  const bytes = new Bytes(stream);
  try {
    const header = await readHeader(bytes);
    const write = await begin(header);
    const seen = new Map(header.devices.map(({ id, size }) => [id, new Uint8Array(Math.ceil(size / CLUSTER))]));
    while (!(await bytes.isAtEnd())) await readExtent(bytes, header, seen, write);
    for (const { id, name } of header.devices) {
      const missing = seen.get(id)?.indexOf(0) ?? -1;
      if (missing >= 0) throw new BrokenArchive(`detected missing cluster ${missing} for stream ${name}`);
    }
  } finally {
    await bytes.close();
  }
}

/** Reads only what comes before the disks. @throws BrokenArchive */
export async function readVmaHeader(stream: AsyncIterable<Buffer>): Promise<VmaHeader> {
  const bytes = new Bytes(stream);
  try {
    return await readHeader(bytes);
  } finally {
    await bytes.close();
  }
}

async function readHeader(bytes: Bytes): Promise<VmaHeader> {
  const fixed = await bytes.take(HEADER.fixedSize);
  if (fixed === undefined || !fixed.subarray(0, 4).equals(HEADER.magic)) {
    throw new BrokenArchive("not a vma file - wrong magic number");
  }
  const size = fixed.readUInt32BE(HEADER.headerSize);
  if (size < HEADER.fixedSize || size > 8 * 1024 ** 2) throw new BrokenArchive(`wrong vma header size ${size}`);
  const rest = await bytes.take(size - HEADER.fixedSize);
  if (rest === undefined) throw new BrokenArchive("can't read vma header data");
  const whole = Buffer.concat([fixed, rest]);
  if (!hasChecksum(whole, HEADER.checksum)) throw new BrokenArchive("wrong vma header chechsum");
  const version = whole.readUInt32BE(4);
  if (version !== HEADER.version) throw new BrokenArchive(`wrong vma version ${version}`);
  const all = devicesOf(whole);
  return {
    uuid: whole.subarray(HEADER.uuid, HEADER.uuid + 16),
    time: Number(whole.readBigInt64BE(HEADER.time)),
    texts: textsOf(whole),
    devices: all.filter((device) => !isMemory(device)),
    memory: all.find(isMemory)?.id,
  };
}

function isMemory({ name }: VmaDevice): boolean {
  return name === "vmstate";
}

function hasChecksum(bytes: Buffer, place: number): boolean {
  const sum = bytes.subarray(place, place + CHECKSUM_SIZE);
  const plain = Buffer.from(bytes);
  plain.fill(0, place, place + CHECKSUM_SIZE);
  return createHash("md5").update(plain).digest().equals(sum);
}

function blobAt(header: Buffer, offset: number): Buffer {
  const start = header.readUInt32BE(HEADER.blobOffset) + offset;
  const length = start + 2 <= header.length ? header.readUInt16LE(start) : Infinity;
  if (start + 2 + length > header.length) throw new BrokenArchive("vma contains invalid data pointers");
  return header.subarray(start + 2, start + 2 + length);
}

function nameAt(header: Buffer, offset: number): string {
  return blobAt(header, offset).toString().replace(/\0$/, "");
}

function textsOf(header: Buffer): VmaTexts {
  const texts = new Map<string, string>();
  for (let index = 0; index < HEADER.entries; index += 1) {
    const name = header.readUInt32BE(HEADER.configurationNames + index * 4);
    const text = header.readUInt32BE(HEADER.configurationTexts + index * 4);
    if (name !== 0 && text !== 0) texts.set(nameAt(header, name), blobAt(header, text).toString());
  }
  return texts;
}

function devicesOf(header: Buffer): VmaDevice[] {
  const devices: VmaDevice[] = [];
  for (let id = 1; id < HEADER.entries; id += 1) {
    const place = HEADER.devices + id * HEADER.deviceSize;
    const name = header.readUInt32BE(place);
    if (name !== 0) devices.push({ id, name: nameAt(header, name), size: Number(header.readBigUInt64BE(place + 8)) });
  }
  return devices;
}

async function readExtent(
  bytes: Bytes,
  { uuid, devices, memory }: VmaHeader,
  seen: ReadonlyMap<number, Uint8Array>,
  write: WriteBlock,
): Promise<void> {
  const head = await bytes.take(EXTENT.size);
  if (head === undefined) throw new BrokenArchive("read short extent");
  if (!head.subarray(0, 4).equals(EXTENT.magic)) throw new BrokenArchive("wrong vma extent header magic");
  if (!hasChecksum(head, EXTENT.checksum)) throw new BrokenArchive("wrong vma extent header chechsum");
  if (!head.subarray(EXTENT.uuid, EXTENT.uuid + 16).equals(uuid)) throw new BrokenArchive("wrong vma extent uuid");
  const size = head.readUInt16BE(EXTENT.blockCount) * BLOCK;
  const blocks = await bytes.take(size);
  if (blocks === undefined) throw new BrokenArchive(`short vma extent (< ${size + EXTENT.size})`);
  let next = 0;
  for (let index = 0; index < EXTENT.most; index += 1) {
    const place = EXTENT.clusters + index * 8;
    const [mask, id, cluster] = [head.readUInt16BE(place), head.readUInt8(place + 3), head.readUInt32BE(place + 4)];
    if (id === 0) continue;
    if (id === memory) {
      for (const { count } of runsOf(mask)) next += count * BLOCK;
      continue;
    }
    const device = devices.find((one) => one.id === id);
    const map = seen.get(id);
    if (device === undefined || map === undefined) throw new BrokenArchive(`got wrong dev id ${id}`);
    if (map[cluster] === 1) throw new BrokenArchive(`found duplicated cluster ${cluster} for stream ${device.name}`);
    if (cluster >= map.length) throw new BrokenArchive("got wrong block address - write beyond end");
    map[cluster] = 1;
    for (const { first, count } of runsOf(mask)) {
      const length = count * BLOCK;
      if (next + length > blocks.length) throw new BrokenArchive("short vma extent - too many blocks");
      const offset = cluster * CLUSTER + first * BLOCK;
      await write(device, offset, blocks.subarray(next, next + Math.min(length, device.size - offset)));
      next += length;
    }
  }
  if (next !== blocks.length) throw new BrokenArchive("vma extent error - missing blocks");
}

/** Blocks of a cluster that are stored, those that lie one behind the other together. */
function* runsOf(mask: number): Generator<{ first: number; count: number }> {
  for (let block = 0; block < BLOCKS_PER_CLUSTER; block += 1) {
    const first = block;
    while ((mask & (1 << block)) !== 0) block += 1;
    if (block > first) yield { first, count: block - first };
  }
}

/** A stream, taken in pieces of any size. */
class Bytes {
  readonly #stream: AsyncIterator<Buffer>;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  /** Undefined when the stream ends before. */
  async take(size: number): Promise<Buffer | undefined> {
    while (this.#size < size) if (!(await this.#more())) return undefined;
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    this.#parts = [all.subarray(size)];
    this.#size -= size;
    return all.subarray(0, size);
  }

  async isAtEnd(): Promise<boolean> {
    return this.#size === 0 && !(await this.#more());
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#stream.next();
    if (done === true) return false;
    this.#parts.push(value);
    this.#size += value.length;
    return true;
  }

  async close(): Promise<void> {
    await this.#stream.return?.();
  }
}
