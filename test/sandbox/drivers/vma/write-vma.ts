import { createHash, randomBytes } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { BLOCK, BLOCKS_PER_CLUSTER, CHECKSUM_SIZE, CLUSTER, EXTENT, HEADER, type VmaTexts } from "./layout";

/** A disk to write: a raw image, which may be shorter than the disk (zeros follow). */
export interface VmaSource {
  name: string;
  size: number;
  file: string;
}

/** What was written, as the backup's log tells it. */
export interface VmaCount {
  bytes: number;
  zeroBytes: number;
}

/** The bytes of an archive, one after the other. @param time Unix seconds; @param count is filled while bytes are taken */
export async function* vmaBytes(
  texts: VmaTexts,
  sources: readonly VmaSource[],
  time: number,
  count: VmaCount,
): AsyncGenerator<Buffer> {
  const uuid = randomBytes(16);
  yield header(uuid, texts, sources, time);
  const extent = new Extent(uuid);
  for (const [index, source] of sources.entries()) {
    const file = await open(source.file, "r");
    try {
      for (let cluster = 0; cluster * CLUSTER < source.size; cluster += 1) {
        const data = await readCluster(file, source.size, cluster);
        const stored = extent.add(index + 1, cluster, data);
        count.bytes += data.length;
        count.zeroBytes += data.length - stored;
        if (extent.isFull) yield extent.take();
      }
    } finally {
      await file.close();
    }
  }
  if (!extent.isEmpty) yield extent.take();
}

async function readCluster(file: FileHandle, size: number, cluster: number): Promise<Buffer> {
  const start = cluster * CLUSTER;
  const data = Buffer.alloc(Math.min(CLUSTER, size - start));
  await file.read(data, 0, data.length, start);
  return data;
}

function header(uuid: Buffer, texts: VmaTexts, sources: readonly VmaSource[], time: number): Buffer {
  const blobs = new Blobs();
  const fixed = Buffer.alloc(HEADER.fixedSize);
  HEADER.magic.copy(fixed);
  fixed.writeUInt32BE(HEADER.version, 4);
  uuid.copy(fixed, HEADER.uuid);
  fixed.writeBigInt64BE(BigInt(time), HEADER.time);
  for (const [index, [name, text]] of [...texts].entries()) {
    fixed.writeUInt32BE(blobs.add(withEnd(name)), HEADER.configurationNames + index * 4);
    fixed.writeUInt32BE(blobs.add(Buffer.from(text)), HEADER.configurationTexts + index * 4);
  }
  for (const [index, { name, size }] of sources.entries()) {
    const place = HEADER.devices + (index + 1) * HEADER.deviceSize;
    fixed.writeUInt32BE(blobs.add(withEnd(name)), place);
    fixed.writeBigUInt64BE(BigInt(size), place + 8);
  }
  const content = blobs.bytes();
  const whole = Buffer.alloc(Math.ceil((HEADER.fixedSize + content.length) / 512) * 512);
  fixed.copy(whole);
  content.copy(whole, HEADER.fixedSize);
  whole.writeUInt32BE(HEADER.fixedSize, HEADER.blobOffset);
  whole.writeUInt32BE(content.length, HEADER.blobSize);
  whole.writeUInt32BE(whole.length, HEADER.headerSize);
  return withChecksum(whole, HEADER.checksum);
}

function withEnd(name: string): Buffer {
  return Buffer.from(`${name}\0`);
}

/** The checksum's place is still zeros. */
function withChecksum(bytes: Buffer, place: number): Buffer {
  const sum = createHash("md5").update(bytes).digest();
  sum.copy(bytes, place, 0, CHECKSUM_SIZE);
  return bytes;
}

/** Texts, each behind its length; an offset says where the length stands. */
class Blobs {
  readonly #parts: Buffer[] = [Buffer.alloc(1)];
  #size = 1;

  add(content: Buffer): number {
    const offset = this.#size;
    const length = Buffer.alloc(2);
    length.writeUInt16LE(content.length);
    this.#parts.push(length, content);
    this.#size += 2 + content.length;
    return offset;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const ZEROS = Buffer.alloc(BLOCK);

/** Clusters of any disks, with a header that lists them; only blocks with content are stored. */
class Extent {
  readonly #uuid: Buffer;
  #entries: Buffer[] = [];
  #blocks: Buffer[] = [];

  constructor(uuid: Buffer) {
    this.#uuid = uuid;
  }

  get isFull(): boolean {
    return this.#entries.length === EXTENT.most;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** @returns how many of the bytes have content */
  add(device: number, cluster: number, data: Buffer): number {
    let mask = 0;
    let stored = 0;
    for (let block = 0; block < BLOCKS_PER_CLUSTER; block += 1) {
      const part = data.subarray(block * BLOCK, (block + 1) * BLOCK);
      if (part.length === 0 || part.equals(ZEROS.subarray(0, part.length))) continue;
      mask |= 1 << block;
      stored += part.length;
      this.#blocks.push(part.length === BLOCK ? part : Buffer.concat([part, ZEROS.subarray(part.length)]));
    }
    const entry = Buffer.alloc(8);
    entry.writeUInt16BE(mask, 0);
    entry.writeUInt8(device, 3);
    entry.writeUInt32BE(cluster, 4);
    this.#entries.push(entry);
    return stored;
  }

  /** The extent's bytes; it is empty then. */
  take(): Buffer {
    const head = Buffer.alloc(EXTENT.size);
    EXTENT.magic.copy(head);
    head.writeUInt16BE(this.#blocks.length, EXTENT.blockCount);
    this.#uuid.copy(head, EXTENT.uuid);
    Buffer.concat(this.#entries).copy(head, EXTENT.clusters);
    const bytes = Buffer.concat([withChecksum(head, EXTENT.checksum), ...this.#blocks]);
    this.#entries = [];
    this.#blocks = [];
    return bytes;
  }
}
