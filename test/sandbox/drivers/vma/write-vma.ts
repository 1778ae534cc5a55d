import { createHash, randomBytes } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { dataRanges } from "../../machine/data-ranges";
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
    const ranges = await dataRanges(source.file);
    const file = await open(source.file, "r");
    try {
      for (let start = 0; start < source.size; start += WINDOW) {
        const length = Math.min(WINDOW, source.size - start);
        while (ranges[0] !== undefined && ranges[0].end <= start) ranges.shift();
        const isHole = ranges[0] === undefined || ranges[0].start >= start + length;
        const window = isHole ? ZEROS.subarray(0, length) : await readWindow(file, length, start);
        count.bytes += window.length;
        for (let place = 0; place < window.length; place += CLUSTER) {
          const data = window.subarray(place, place + CLUSTER);
          count.zeroBytes += data.length - extent.add(index + 1, (start + place) / CLUSTER, data);
          if (extent.isFull) yield extent.take();
        }
      }
    } finally {
      await file.close();
    }
  }
  if (!extent.isEmpty) yield extent.take();
}

/** Bytes that are read at once: whole clusters. Holes are not read: most of a disk is one, and its zeros would fill the memory. */
const WINDOW = 16 * CLUSTER;

const ZEROS = Buffer.alloc(WINDOW);

/** What is behind the end of the file is zeros. */
async function readWindow(file: FileHandle, length: number, start: number): Promise<Buffer> {
  const window = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(window, filled, length - filled, start + filled);
    if (bytesRead === 0) return window.fill(0, filled);
    filled += bytesRead;
  }
  return window;
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

/** @param data of a cluster at most */
function isZero(data: Buffer): boolean {
  return data.equals(ZEROS.subarray(0, data.length));
}

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
    const blocks = isZero(data) ? 0 : BLOCKS_PER_CLUSTER;
    for (let block = 0; block < blocks; block += 1) {
      const part = data.subarray(block * BLOCK, (block + 1) * BLOCK);
      if (part.length === 0 || isZero(part)) continue;
      mask |= 1 << block;
      stored += part.length;
      this.#blocks.push(part.length === BLOCK ? part : Buffer.concat([part, ZEROS.subarray(part.length, BLOCK)]));
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
