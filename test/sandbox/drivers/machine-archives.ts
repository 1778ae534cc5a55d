import { open, type FileHandle } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import { runPipeline, type Stage } from "../machine/child-process";
import { compressor } from "./archives";
import type { Compression } from "./driver";
import { contentKey } from "./known-archives";
import type { VmaDevice, VmaTexts } from "./vma/layout";
import { readVma, readVmaHeader, type VmaHeader } from "./vma/read-vma";
import { vmaBytes, type VmaCount, type VmaSource } from "./vma/write-vma";

/** Archives of virtual machines, as Proxmox's QEMU writes them and its `vma` reads them; both drivers share them. */
export interface MachinePackRequest {
  /** `qemu-server.conf`, and `qemu-server.fw` where there are rules. */
  texts: VmaTexts;
  disks: readonly VmaSource[];
  /** Unix seconds. */
  time: number;
  compression: Compression;
  /** Of the compressor. */
  threads: number;
  /** The file to write; the caller renames it when the run is complete. */
  destination: string;
  /** Bytes per second. */
  bytesPerSecond?: number;
  signal?: AbortSignal;
}

/** @throws CommandFailed with the last line of a compressor that failed */
export async function packMachine(request: MachinePackRequest): Promise<VmaCount> {
  const { texts, disks, time, compression, threads, destination } = request;
  const count = { bytes: 0, zeroBytes: 0 };
  const stages = compression === "none" ? [copying] : compressor(compression, threads);
  await runPipeline(stages, {
    source: Readable.from(vmaBytes(texts, disks, time, count), { objectMode: false }),
    output: destination,
    ...(request.bytesPerSecond === undefined ? {} : { bytesPerSecond: request.bytesPerSecond }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  return count;
}

const copying: Stage = { program: "cat", arguments: [] };

/** The program that unpacks an archive before `vma` reads it, by the end of its name; undefined for a plain one. */
export function decompressor(archive: string): Stage | undefined {
  if (archive.endsWith(".zst")) return { program: "zstd", arguments: ["-q", "-d", "-c"] };
  if (archive.endsWith(".gz")) return { program: "zcat", arguments: [] };
  if (archive.endsWith(".lzo")) return { program: "lzop", arguments: ["-d", "-c"] };
  return undefined;
}

/** Where the content of a disk goes: a raw image that exists. */
export type ImageOf = (device: VmaDevice) => string;

/**
 * Unpacks an archive's disks.
 * @param begin makes the images, once the header is read
 * @throws BrokenArchive, CommandFailed
 */
export async function unpackMachine(
  archive: string,
  options: { bytesPerSecond?: number; signal?: AbortSignal },
  begin: (header: VmaHeader) => Promise<ImageOf>,
): Promise<void> {
  const files = new Map<number, FileHandle>();
  try {
    const { made, ran, leftEarly } = await fromArchive(archive, options, (stream) =>
      readVma(stream, async (header) => {
        const imageOf = await begin(header);
        for (const device of header.devices) files.set(device.id, await open(imageOf(device), "r+"));
        return async (device, offset, data) => {
          await files.get(device.id)?.write(data, 0, data.length, offset);
        };
      }),
    );
    // An archive without its end breaks the program that unpacks it first, and then the reader.
    if (ran.status === "rejected" && !(made.status === "rejected" && leftEarly)) throw ran.reason;
    if (made.status === "rejected") throw made.reason;
  } finally {
    for (const file of files.values()) await file.close();
  }
}

/** Headers that were read, by what the file holds. */
const headers = new Map<string, VmaHeader>();
const HEADERS_KEPT = 500;

/** Texts and disks of an archive, from its first bytes. @throws BrokenArchive, CommandFailed */
export async function readMachineHeader(archive: string): Promise<VmaHeader> {
  const key = await contentKey(archive);
  const known = headers.get(key ?? "");
  if (known !== undefined) return known;
  const header = await unpackHeader(archive);
  if (headers.size >= HEADERS_KEPT) headers.clear();
  if (key !== undefined) headers.set(key, header);
  return header;
}

async function unpackHeader(archive: string): Promise<VmaHeader> {
  const { made, ran } = await fromArchive(archive, {}, readVmaHeader);
  if (made.status === "fulfilled") return made.value;
  throw ran.status === "rejected" ? ran.reason : made.reason;
}

interface Results<Result> {
  made: PromiseSettledResult<Result>;
  /** The program before the reader. */
  ran: PromiseSettledResult<string>;
  /** Whether the reader had enough before the archive's end. */
  leftEarly: boolean;
}

async function fromArchive<Result>(
  archive: string,
  options: { bytesPerSecond?: number; signal?: AbortSignal },
  read: (stream: AsyncIterable<Buffer>) => Promise<Result>,
): Promise<Results<Result>> {
  const sink = new PassThrough();
  const running = runPipeline([decompressor(archive) ?? copying], { ...options, input: archive, sink });
  const reading = read(sink).finally(() => sink.destroy());
  let hasEnded = false;
  sink.on("end", () => (hasEnded = true));
  const [made, ran] = await Promise.allSettled([reading, running]);
  return { made, ran, leftEarly: !hasEnded };
}
